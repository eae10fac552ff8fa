"""The examples: they run, and print and draw what they should."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import documents
import numpy as np
import pytest

from convspec import fast, lecture, networks

EXAMPLES = documents.ROOT / "examples"


def printed(name: str, folder: Path, *arguments: str) -> str:
    """What an example prints when it is run as a program."""
    status, output = documents.run(" ".join((f'"{sys.executable}" "{EXAMPLES / name}"', *arguments)), folder)
    assert status == 0, output
    return output


def loaded(name: str) -> ModuleType:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def edges() -> ModuleType:
    for needed in ("skimage", "matplotlib", "scipy"):
        pytest.importorskip(needed)
    return loaded("edges")


def test_edges_draws_a_picture(edges: ModuleType, tmp_path: Path) -> None:
    from matplotlib import image

    output = printed("edges.py", tmp_path, "found.png")
    assert "equal scipy.ndimage's in all 524,288 elements" in output
    picture = image.imread(tmp_path / "found.png")
    assert picture.shape[0] > 500 and picture.shape[1] > 500
    assert len(np.unique(picture[..., 0])) > 200, "a photograph has many shades"


def test_edges_agree_with_the_literal_formula(edges: ModuleType) -> None:
    corner = edges.PHOTOGRAPH()[200:224, 240:270]
    for kernel in (lecture.SOBEL_X, lecture.SOBEL_Y):
        inside = lecture.formula(np.pad(corner.astype(int), 1, mode="symmetric"), kernel)[1:-1, 1:-1]
        assert np.array_equal(edges.gradient(corner, kernel), inside)


@pytest.mark.parametrize("upright", [True, False])
def test_edges_are_one_pixel_wide(edges: ModuleType, upright: bool) -> None:
    step = np.zeros((12, 12), np.uint8)
    step[:, 5:] = 200
    image = step if upright else step.T
    gx, gy = (edges.gradient(image, kernel) for kernel in (lecture.SOBEL_X, lecture.SOBEL_Y))
    steep = lecture.edges(gx, gy)
    lines = edges.thin(steep, gx, gy)
    assert set(steep.sum(axis=1 if upright else 0)) == {2}
    assert set(lines.sum(axis=1 if upright else 0)) == {1}


def test_allcnn_runs_every_layer(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    output = printed("allcnn.py", tmp_path, "1")
    network = networks.NETWORKS["All-CNN-C"]
    for C, H, W in networks.output_shapes(network):
        assert f" {C} x {H} x {W} " in output
    assert f" {networks.parameters(network):,} " in output
    assert fast.isa() in output


def test_unshared_meets_its_neighbours(tmp_path: Path) -> None:
    output = printed("unshared.py", tmp_path)
    assert "the same bits as conv: True" in output
    assert "the same bits as local_conv: True" in output


def test_sobels_kernel_is_learnt(tmp_path: Path) -> None:
    for needed in ("skimage", "matplotlib"):
        pytest.importorskip(needed)
    example = loaded("learn_sobel")
    x = example.patches(example.PHOTOGRAPH())
    kernels, losses = example.learn(x, fast.conv(x, lecture.SOBEL_X[None, None].astype(np.float32)), 60)
    assert np.abs(kernels[0][0, 0] - lecture.SOBEL_X).max() > 1
    assert np.abs(kernels[-1][0, 0] - lecture.SOBEL_X).max() < 0.5
    assert losses[-1] < 0.01 * losses[0]
    example.draw(example.PHOTOGRAPH()[::4, ::4], kernels, losses, str(tmp_path / "learnt.png"))
    assert (tmp_path / "learnt.png").stat().st_size > 30_000


def test_the_three_networks_learn_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for needed in ("sklearn", "matplotlib", "rich"):
        pytest.importorskip(needed)
    example = loaded("digits")
    x, classes, x_test, classes_test = example.digits()
    few = (x[:320], classes[:320], x_test[:100], classes_test[:100])
    run = example.train(example.slim("All-CNN-C"), few, 4)
    assert run.losses[-1] < 0.9 * run.losses[0]
    monkeypatch.setattr(example, "digits", lambda: (x[:64], classes[:64], x_test[:20], classes_test[:20]))
    example.main(1, str(tmp_path / "digits.png"))
    output = capsys.readouterr().out
    assert all(f" {name} " in output for name in networks.NETWORKS)
    assert (tmp_path / "digits.png").stat().st_size > 10_000


def test_a_shift_changes_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for needed in ("sklearn", "matplotlib"):
        pytest.importorskip(needed)
    digits = loaded("digits")
    monkeypatch.setitem(sys.modules, "digits", digits)
    example = loaded("shift")
    row = np.arange(8.0).reshape(1, 1, 2, 4)
    assert example.shifted(row, 1).tolist() == [[[[0, 0, 1, 2], [0, 4, 5, 6]]]]
    assert example.change(np.float64([[3, 4], [0, 2]]), np.float64([[3, 4], [0, 3]])) == 0.25
    x, classes, x_test, classes_test = digits.digits()
    monkeypatch.setattr(digits, "digits", lambda: (x[:64], classes[:64], x_test[:20], classes_test[:20]))
    example.main(1, str(tmp_path / "shift.png"))
    output = capsys.readouterr().out
    assert "All-CNN-C: features" in output
    assert "the same, stride 1: features" in output
    assert "MLP: features" in output
    assert (tmp_path / "shift.png").stat().st_size > 10_000


def test_field_blurs_the_corners_more(tmp_path: Path) -> None:
    for needed in ("skimage", "matplotlib"):
        pytest.importorskip(needed)
    from matplotlib import image

    output = printed("field.py", tmp_path, "found.png", "60")
    assert "60 x 60 pixels, each with its own 13 x 13 kernel" in output
    assert image.imread(tmp_path / "found.png").shape[1] > 1000
    example = loaded("field")
    stars = np.zeros((60, 60), np.float32)
    stars[30, 30] = stars[8, 8] = 1
    blurred = example.blurred(stars, example.spread(60))
    assert blurred[30, 30] > 3 * blurred[8, 8] > 0
    assert blurred[10, 10] > 3 * blurred[10, 6], "towards the middle, not across"


def test_every_example_has_its_line() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in EXAMPLES.glob("*.py") if f"python examples/{file.name}" not in text] == []
    assert [link for link in documents.links("examples/README.md") if not (EXAMPLES / link).exists()] == []


def test_missing_pixels_are_left_out(tmp_path: Path) -> None:
    nan_convolve = loaded("nan_aware").nan_convolve
    rng = np.random.default_rng(1)
    image, kernel = rng.integers(-99, 100, (20, 30)).astype(float), rng.integers(1, 9, (5, 3))
    image[rng.random(image.shape) < 0.3] = np.nan
    image[8:15, 10:15] = np.nan
    y = nan_convolve(image, kernel)
    assert np.argwhere(np.isnan(y)).tolist() == [[r, c] for r in (10, 11, 12) for c in (11, 12, 13)]
    for r, c in ((0, 0), (19, 3), (9, 12), (5, 20)):
        window = np.pad(image, ((2, 2), (1, 1)), constant_values=np.nan)[r : r + 5, c : c + 3]
        weights = np.where(np.isnan(window), 0, kernel[::-1, ::-1])
        assert y[r, c] == np.nansum(window * weights) / weights.sum()
    assert np.all(nan_convolve(np.full((4, 4), 2.5), np.ones((3, 3))) == 2.5)
    assert len(printed("nan_aware.py", tmp_path).splitlines()) == 7
