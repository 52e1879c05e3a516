"""How to use levels: the first section of the page on them."""

from __future__ import annotations

ABOUT = """\
# Alignment levels: X-CLIP and UCoFiA

`ucofia` compares a video and a text three times: both global vectors (level `video`), the frames
with the sentence (`frame`), and the patches with the words (`patch`). Each level has a similarity
matrix of its own: `vrbench.score` and `--save-sim` give (levels, texts, videos). The norm `sk`
works on each level and takes the mean of what it made; every other norm, and every rank without
one, is of the mean of the levels. One level alone, and a sum such as `0.5*global+0.5*ucofia`, has
one matrix.

```
vrbench extract --videos DIR --captions F.csv --encoder clip:tokens=patches --weights DIR \\
  --out patches.h5
vrbench eval patches.h5 --method ucofia:levels=video --method ucofia:levels=frame \\
  --method ucofia:levels=patch --method ucofia --norm none --norm sk  # levels, their mean, and sk
vrbench eval frames.h5 --method ucofia:levels=video+frame --method xclip  # without patches
vrbench train ucofia patches.h5 --loss infonce --out h.safetensors  # matrices, patch selection
vrbench train ucofia patches.h5 --from pytorch_model.bin --epochs 0 --out released.safetensors
vrbench eval test.h5 --head released.safetensors --method ucofia:variant=released --norm sk:scale=1
```

* `clip:tokens=patches` and `onnx:patches=8` extract them (8: means of the model's patches in a grid
  of 8 x 8). A file has patches where its tokens are marked (`video_level` of `import`: 0 a frame, 1
  a patch). Which frame a patch belongs to is said by the column `frame`, as `extract` writes it, or
  by the order: each frame before its patches.
* Without a head all matrices are the identity, and all patches are kept. A head keeps the `k`
  patches of each frame that its network scores highest, in their order; in training they are drawn
  (500 draws, sigma 0.05), so that the network gets a gradient. The draws come from the seed and the
  number of the step. `vrbench.heads.patch_saliency` and `vrbench.heads.select_patches` are the same
  as functions.
* `--from` reads the released checkpoints of X-CLIP and UCoFiA by their own names; only what belongs
  to the head is read.
* Matrices of the attentions have places for 32 words, 12 frames and 48 patches, more where the
  training features have longer items; a test item that is longer still is refused.
* `variant=released` is the code that evaluates UCoFiA: items are filled up to these places, patches
  are read as they are stored, and the levels `video` and `frame` are multiplied by 100 while
  `patch` is not. Give `sk:scale=1` to it, as the numbers are logits already: the bias of `patch`,
  whose range is small, is then next to nothing. Files do not hold what the encoder made of padding:
  similarities of 0 stand for it.
* `xclip` is the mean of four comparisons (video-sentence, video-word, frame-sentence, frame-word)
  and gives one matrix, as the paper has it.

What follows is made by `python -m docs levels --shared ../shared`, which extracts the features,
trains and measures (`build/levels` keeps what is done)."""
