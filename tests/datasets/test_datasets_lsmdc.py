from pathlib import Path

from small_annotations import refusal, write

from vrbench import datasets
from vrbench.datasets import Video

CLIP = "3009_BATTLE_00.03.07.170-00.03.09.675"


def line(clip: str, sentence: str) -> str:
    return f"{clip}\t00.03.07.170\t00.03.09.675\t00.03.07.170\t00.03.09.675\t{sentence}\n"


def test_clips_lie_in_the_folder_of_their_movie(tmp_path: Path) -> None:
    text = line(CLIP, 'SOMEONE says "stop", and runs.') + line("1_A_B_0-1", "x")
    write(tmp_path, LSMDC16_challenge_1000_publictect_csv=text)
    found = datasets.read("lsmdc", tmp_path, "test")
    assert found.videos == (
        Video(CLIP, ('SOMEONE says "stop", and runs.',), f"3009_BATTLE/{CLIP}"),
        Video("1_A_B_0-1", ("x",), "1_A_B/1_A_B_0-1"),
    )
    assert "2 videos instead of 1,000" in found.notes()[0]


def test_a_clip_may_have_several_sentences_or_an_empty_one(tmp_path: Path) -> None:
    text = line("m_0", "x") + line("m_1", "") + "\n" + line("m_0", "y")
    found = datasets.read("lsmdc", write(tmp_path, LSMDC16_annos_training_csv=text), "train")
    assert found.captions_by_video == {"m_0": ["x", "y"], "m_1": [""]}
    assert "1 texts are empty." in found.notes()


def test_malformed_lines_are_refused_with_their_place(tmp_path: Path) -> None:
    write(tmp_path, LSMDC16_annos_val_csv=line("m_0", "x") + "m_1\tx\n")
    message = refusal("lsmdc", tmp_path, "val")
    assert message.endswith("val.csv, line 2: expected 6 values divided by tabs, found 2.")
