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
# # What a normalization changes
#
# The bundled features are 476 test videos of MSR-VTT 1k-A with a bank of training queries. We measure them raw
# and normalized, test the difference, and look at the videos that are retrieved too often.

# %%
import numpy as np
import pandas as pd

import vrbench
from vrbench.bundled import bundled_features

features = bundled_features()
results = vrbench.evaluate(features, method="global", norm=["none", "ncl:gamma=0.1"])
results.to_frame()

# %% [markdown]
# NCL's temperature of 0.1 was chosen on training queries (`vrbench tune`). Is the change more than chance?

# %%
report = vrbench.compare(*results)
pd.DataFrame(report["tests"])[["direction", "metric", "value_a", "value_b", "difference", "p"]]

# %% [markdown]
# How often is each video retrieved first, before and after? A fair system retrieves each about once.

# %%
with vrbench.open(features) as opened:
    sim = vrbench.score(opened.text, opened.video, "global")
    bank = vrbench.score(opened.bank_text, opened.video, "global")
    fair = vrbench.normalize(sim, "ncl:gamma=0.1", bank=bank.t2v)
for name, matrix in (("raw", sim.t2v), ("normalized", fair.t2v)):
    first = np.bincount(np.asarray(matrix).argmax(axis=1), minlength=matrix.shape[1])
    print(name, "never:", int((first == 0).sum()), "at most:", int(first.max()))
