# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # An alignment of your own, in a notebook
#
# A function of the tokens of a text and of a video is an alignment. It is measured like any other, under the
# same protocol, and its result says where it came from.

# %%
import numpy as np
import pandas as pd

import vrbench
from vrbench.bundled import bundled_features


@vrbench.alignment("best-frames")
def best_frames(text, video, *, k: int = 2):
    """Mean over words of their k best frames."""
    cosines = text @ video.T
    return np.sort(cosines, axis=1)[:, -k:].mean()


# %% [markdown]
# A first look at a small part: a function is called for each pair.

# %%
results = vrbench.evaluate(
    bundled_features(), method=["max-avg", "best-frames", "best-frames:k=4"], limit=100
)
results.to_frame()

# %% [markdown]
# Is it better than `max-avg`? 100 queries can hardly tell.

# %%
report = vrbench.compare(results[0], results[1])
pd.DataFrame(report["tests"])[["direction", "metric", "value_a", "value_b", "difference", "p"]]
