"""Choosing frames of videos, and reading them from images or video files."""

from vrbench.video.clip import Clip
from vrbench.video.sampling import Sampling, parse_sampling
from vrbench.video.videos import VIDEO_FILES, Videos, open_videos

__all__ = ["VIDEO_FILES", "Clip", "Sampling", "Videos", "open_videos", "parse_sampling"]
