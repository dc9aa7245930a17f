"""The OpenAPI document: valid, and true of what the desk answers."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.integration.conftest import Desk

# Where a bad request is told apart by more than its schema says (references, cross-field rules).
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def test_the_document_is_valid(desk: Desk) -> None:
    """What /openapi.json serves is OpenAPI 3.1."""
    described = (await desk.ask("GET", "/openapi.json", role=None)).body
    assert described["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()] == []


async def test_answers_are_as_documented(desk: Desk, tmp_path: Path) -> None:
    """Drawn requests to every operation get documented statuses and bodies, and never a 500."""
    token = await desk.token("admin")
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{desk.url}/openapi.json", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "4", "--seed", "1", "--workers", "1", "--generation-database", "none"),
        *("-H", f"Authorization: Bearer {token}", "--exclude-path", "/api/v1/stream", "--no-color"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"COLUMNS": "120"},
    )
    async with asyncio.timeout(900):
        output, _ = await process.communicate()
    failures = output.decode().partition(" FAILURES ")[2].partition(" WARNINGS ")[0]
    assert process.returncode == 0, failures or output.decode()[-4000:]
