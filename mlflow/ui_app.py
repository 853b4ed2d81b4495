"""MLflow's own web application, opening on model training, without assistant and advertisement.

MLflow has no setting for these: a fresh browser opens on pages for language models, beside an
assistant that takes a quarter of the window, and its registry behind a dialog on the registry. Its
UI keeps all three in the browser's storage, so the first page sets what is not set yet; whoever
opens the assistant again keeps it open.
"""

from __future__ import annotations

from pathlib import Path

from flask import Response
from mlflow.server import app as pages
from mlflow.server.fastapi_app import app as app

# The UI's names for these, of MLflow 3.17; where another version has others, nothing happens.
SCRIPT = """<script>
for (const [key, value] of [
  ["mlflow.workflowType_v1", '"machine_learning"'],
  ["mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true"],
  ["_mlflow_model_registry_promo_modal_dismissed_v1", "true"],
]) {
  if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
}
</script>"""


def first_page() -> Response:
    """MLflow's page, the script before its own."""
    page = Path(str(pages.static_folder), "index.html").read_text(encoding="utf-8")
    return Response(page.replace("<head>", f"<head>{SCRIPT}", 1), mimetype="text/html")


pages.view_functions["serve"] = first_page
