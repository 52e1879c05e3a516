"""Running a model: captions, frames and whole videos to hidden rows and pooled outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import local
from typing import TYPE_CHECKING, Any

from vrbench.encoders.hf.families import Family
from vrbench.encoders.hf.words import Words
from vrbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


class Towers:
    """A model with a text tower and an image or video tower.

    Attributes:
        model: of transformers.
        family: which it is of.
        places: frames that the video tower takes together; 0: any number.

    Raises:
        InputError: it has no two towers.
    """

    def __init__(self, model: Any, family: Family) -> None:
        self.model, self.family = model, family
        joint = family.tower in ("rows", "video")
        self.places = int(model.config.vision_config.num_frames) if joint else 0
        needed = ("get_text_features", "get_video_features" if joint else "get_image_features")
        if family.tower != "chat" and not all(hasattr(model, name) for name in needed):
            raise InputError(
                f"{type(model).__name__} is no two-tower model: expected one "
                "with a text tower and an image tower in one space, such as CLIPModel."
            )

    def caption(self, ids: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Ids (l,) -> hidden rows (l or more, h), pooled output (d,)."""
        import torch

        given = torch.tensor([list(ids)], device=self.model.device)
        # a mask of ones: some towers are causal only where there is a mask
        mask = None if self.family.padded else torch.ones_like(given)
        found = self.model.get_text_features(input_ids=given, attention_mask=mask)
        return found.last_hidden_state[0], _pooled(found)[0]

    def frames(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """What ``Frames`` gives of n frames -> hidden rows (n, ...), pooled outputs (n, d)."""
        found = self.model.get_image_features(
            **{name: value.to(self.model.device) for name, value in inputs.items()}
        )
        return found.last_hidden_state, _pooled(found)

    def clip(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor | None, Tensor]:
        """What ``Frames`` gives of a video -> rows of its frames (n, d) or None, pooled (d,)."""
        pixels = inputs["pixel_values"].to(self.model.device)
        if self.family.tower == "video":
            found = self.model.get_video_features(pixel_values_videos=pixels[None])
            return None, _pooled(found)[0]
        seen = self.model.vision_model(pixel_values=pixels).pooler_output
        # by place: older releases give a tuple
        rows, whole = self.model.mit(self.model.visual_projection(seen)[None])[:2]
        return rows[0], whole[0]

    def own_clip(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """As ``clip``, the pooled output (d,) as ``get_video_features`` gives it."""
        name = "pixel_values_videos" if self.family.tower == "video" else "pixel_values"
        pixels = inputs["pixel_values"].to(self.model.device)
        return _pooled(self.model.get_video_features(**{name: pixels[None]}))[0]


class Chat(Towers):
    """A language model that reads a frame or a caption in a conversation, as Qwen3-VL.

    Its hidden rows are those before the final norm, its pooled output the last row after it (of
    the family's head ``h``: before it).
    """

    def __init__(self, model: Any, family: Family, words: Words) -> None:
        super().__init__(model, family)
        self._words, self._seen = words, local()
        # threads run at once, each with rows of its own
        model.language_model.norm.register_forward_pre_hook(self._keep)

    def _keep(self, _: Any, given: tuple[Tensor, ...]) -> None:
        self._seen.rows = given[0]

    def caption(self, ids: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Ids (l,) -> hidden rows (l, h), pooled output (h,)."""
        hidden, pooled = self._run(list(ids), {})
        return hidden, pooled

    def frames(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One frame -> hidden rows (1, l + 1, h) of its cells and the last one, pooled (1, h)."""
        import torch

        config = self.model.config
        merged = int(inputs["image_grid_thw"].prod()) // config.vision_config.spatial_merge_size**2
        ids = self._words.ids_of(f"<|vision_start|>{'<|image_pad|>' * merged}<|vision_end|>")
        cells = torch.tensor(ids) == config.image_token_id
        if int(cells.sum()) != merged:
            raise InputError(
                f"The tokenizer in {self._words.path} does not know <|image_pad|>: put the one "
                "that belongs to the weights beside them."
            )
        hidden, pooled = self._run(ids, inputs)
        return torch.cat([hidden[cells.to(hidden.device)], hidden[-1:]])[None], pooled[None]

    def _run(self, ids: list[int], inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        import torch

        given = torch.tensor([ids], device=self.model.device)
        more = {name: value.to(self.model.device) for name, value in inputs.items()}
        if more:
            more["mm_token_type_ids"] = (given == self.model.config.image_token_id).int()
        found = self.model(
            input_ids=given, attention_mask=torch.ones_like(given), use_cache=False, **more
        )
        hidden: Tensor = self._seen.rows[0]
        normed = "norm(h)" in self.family.words
        return hidden, found.last_hidden_state[0, -1] if normed else hidden[-1]


def _pooled(found: Any) -> Tensor:
    """Return the (n, d) pooled outputs; the first of rows that are all mapped, or of (n, 1, d)."""
    pooled: Tensor = found.pooler_output
    return pooled[:, 0] if pooled.ndim == 3 else pooled
