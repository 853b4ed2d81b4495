"""The data sets: what each holds, the files it is known by, and how its pixels are normalised.

Digests are SHA-256 of what is read: of the unpacked files where torchvision unpacks them, of the
published archives (`.gz`) of KMNIST, whose unpacked files nobody has published a digest of. Those
of FashionMNIST were computed from Debian's package; the others are those that several independent
projects pin (https://github.com/ankane/torchvision-ruby has MNIST's and KMNIST's), and the
MD5 of the archives they belong to are the ones that torchvision checks.

Means and deviations are those of the training pixels / 255, per channel, to four decimals; they
are recomputed in tests/evaluators/data/test_datasets.py where the images are on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ...space.errors import UnknownNameError

SIDE = 28  # pixels
CLASSES = 10


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """Images of shape (channels, height, width) in some classes: what a network has to fit."""

    shape: tuple[int, int, int] = (1, SIDE, SIDE)
    classes: int = CLASSES

    @property
    def inputs(self) -> int:
        """Pixels of an image, over all channels."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A published data set in torchvision's layout.

    name: as in `Recipe.dataset`. title: torchvision's class. folder: below the data root.
    train, test: the files of each part, name -> SHA-256; one that ends in `.gz` is read packed.
    images: of the training part. labels: what the classes are called, in order.
    mean, std: of training pixels / 255, one per channel.
    format: of the files: IDX, one of images and one of labels, or CIFAR-10's batches.
    archive: the one file that all others are packed in, if they are. debian: a package with them.
    """

    name: str
    title: str
    folder: str
    train: Mapping[str, str]
    test: Mapping[str, str]
    images: int
    labels: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    shape: tuple[int, int, int] = (1, SIDE, SIDE)
    format: Literal["idx", "cifar"] = "idx"
    archive: str | None = None
    debian: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """All files, name -> SHA-256."""
        return {**self.train, **self.test}

    @property
    def spec(self) -> ImageSpec:
        return ImageSpec(self.shape, len(self.labels))


_DIGITS = tuple("0123456789")

FASHION_MNIST = DataSet(
    name="fashion-mnist",
    title="FashionMNIST",
    folder="FashionMNIST/raw",
    train={
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
    },
    test={
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
    images=60_000,
    labels=(
        "T-shirt", "trouser", "pullover", "dress", "coat",
        "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    mean=(0.2860,),
    std=(0.3530,),
    source="Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; MIT licence",
    debian="dataset-fashion-mnist",
)  # fmt: skip

MNIST = DataSet(
    name="mnist",
    title="MNIST",
    folder="MNIST/raw",
    train={
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
    },
    test={
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
    images=60_000,
    labels=_DIGITS,
    mean=(0.1307,),
    std=(0.3081,),
    source="LeCun, Cortes and Burges 1998, yann.lecun.com/exdb/mnist; CC BY-SA 3.0",
)

KMNIST = DataSet(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST/raw",
    train={
        "train-images-idx3-ubyte.gz": (
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"
        ),
        "train-labels-idx1-ubyte.gz": (
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"
        ),
    },
    test={
        "t10k-images-idx3-ubyte.gz": (
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
        ),
    },
    images=60_000,
    labels=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    mean=(0.1918,),
    std=(0.3483,),
    source="Clanuwat et al. 2018, arXiv:1812.01718; CC BY-SA 4.0",
)

CIFAR10 = DataSet(
    name="cifar10",
    title="CIFAR10",
    folder="cifar-10-batches-py",
    train={
        "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
        "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
        "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
        "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
        "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
    },
    test={"test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"},
    images=50_000,
    labels=(
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
    source="Krizhevsky 2009, www.cs.toronto.edu/~kriz/cifar.html",
    shape=(3, 32, 32),
    format="cifar",
    archive="cifar-10-python.tar.gz",
)  # fmt: skip

DATASETS: Mapping[str, DataSet] = MappingProxyType(
    {dataset.name: dataset for dataset in (FASHION_MNIST, MNIST, KMNIST, CIFAR10)}
)


def dataset_of(name: str) -> DataSet:
    """The data set of a name; raises UnknownNameError with the nearest one."""
    if name not in DATASETS:
        raise UnknownNameError("data set", name, DATASETS)
    return DATASETS[name]
