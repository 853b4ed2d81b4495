#!/usr/bin/env bash
# Is the wheel what a user needs? Build it, install it in a clean environment, search with it.
#
#     tests/wheel_check.sh .venv/bin/python
#
# The argument is the Python of an environment with all dependencies and `build`. The clean one sees
# these through a .pth file, which spares it a second torch (6 GB), but not the editable actsearch:
# the .pth files of a folder that is itself named by a .pth file are not read.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"  # away from the sources: nothing of them may be found by chance

say() { printf '\n-- %s\n' "$*"; }

say "build the sdist, and the wheel from it"
"$python" -m build --outdir dist "$repository" > build.log 2>&1 || { cat build.log; exit 1; }
ls dist

say "twine and check-wheel-contents look at both"
"$python" -m twine check --strict dist/*
"$python" -m check_wheel_contents dist/*.whl

say "install the wheel in a clean environment"
"$python" -m venv --without-pip clean
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    > "$(clean/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dependencies.pth"
"$python" -m pip --python clean/bin/python install --quiet --no-deps --no-index dist/*.whl
clean/bin/python - "$work" <<'PYTHON'
import pathlib, sys
import actsearch.evaluators, actsearch.search, actsearch.space, mlflow

work = pathlib.Path(sys.argv[1]).resolve()
for package in (actsearch.evaluators, actsearch.search, actsearch.space):
    assert work in pathlib.Path(package.__file__).resolve().parents, package.__file__
    assert pathlib.Path(package.__file__).with_name("py.typed").exists(), package.__file__
assert work not in pathlib.Path(mlflow.__file__).resolve().parents, mlflow.__file__
print("actsearch is the wheel's, mlflow is the library")
PYTHON

say "actsearch --version"
version=$(clean/bin/actsearch --version)
echo "$version"
case "$(ls dist/*.whl)" in
    *"-${version##* }-py3-none-any.whl") ;;
    *) echo "the wheel has another version"; exit 1 ;;
esac

say "a search of two candidates"
clean/bin/actsearch search --name wheel --candidates 2 --workers 1 --limit-data 2000 \
    --no-confirm --home home
clean/bin/actsearch leaderboard wheel --json --home home > leaderboard.json
clean/bin/python - <<'PYTHON'
import json, pathlib

rows = json.loads(pathlib.Path("leaderboard.json").read_text())
assert len(rows) == 2, f"the leaderboard must have 2 candidates, but has {len(rows)}"
for row in rows:
    print(row["state"], row["score"], row["expression"])
PYTHON
say "its gallery"
clean/bin/actsearch gallery wheel --home home -o gallery.html
grep -q 'content="actsearch gallery"' gallery.html || { echo "the page is not there"; exit 1; }
say "the wheel works"
