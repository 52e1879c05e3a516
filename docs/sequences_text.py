"""The words of the page on sequences; its numbers are held against the tables by hand."""

HEAD = """# What sequence alignments do

Made by `python -m docs sequences --shared ../shared`. A paragraph is a sequence of captions, a long
video one of clips; `vrbench eval --sequence` scores such pairs. R@1 is t2v, in percent."""

OFFSETS = """## Offset and release

`dtw` and `otam` minimize distances `offset - M`. Which offset is taken, and how matrices are padded,
decides more than most papers' differences do. 30 synthetic videos of 4 to 12 clips, 3 seeds
(`python -m benchmarks.offsets`); *negative* is the share of negative distances, R@1 is given for the
released padding (`variant=norton`; `tempclr` is the same) and for the exact recursion.

The released padding destroys both exactly where distances are not negative; where they are, the
path prefers to be long, the offset alone moves exact DTW from 100 to below 20, and the length
scaling decides. So results with another offset, scaling or share of negative distances do not
compare, and every result of vrbench says all three."""

ORDER = """## Order

600 cooking videos of three frames and three sentences, with the similarities of a real CLIP: in
what percent of the videos are all sentences put in their places? One-to-one assignment gives the
source's own 68.17. With as many captions as clips and distances above 0 the cheapest DTW path is
the diagonal, so that trying all orders is the same as the assignment. OTAM may leave captions out
at either end, and so cannot tell some orders apart; each caption's own best frame (`argmax`) is no
order at all in most videos."""

NOISE = ""
"""Written once the numbers are there."""
