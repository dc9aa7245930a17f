"""Three lines for a shell that send a customer's message to a webhook channel, signed as it must be."""

import base64
import json


def shell_lines(base_url: str, channel_id: str, secret: str, text: str) -> tuple[str, str, str]:
    """Lines to paste; they need openssl and curl, and hold `secret` (`whsec_…`) as the hex openssl takes.

    The message's id is the second it is sent in, so pasting them again sends another message. The signed
    content is id.timestamp.body (Standard Webhooks 1.0, "Signature scheme").
    """
    key = base64.b64decode(secret.removeprefix("whsec_")).hex()
    words = json.dumps(text, ensure_ascii=False).replace("'", "\\u0027")
    body = f'{{"id":"\'$id\'","from":{{"id":"ann","name":"Ann"}},"text":{words}}}'
    return (
        f"at=$(date +%s); id=hello-$at; body='{body}'",
        'sig=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC '
        f"-macopt hexkey:{key} -binary | openssl base64 -A)",
        f'curl -sS -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$sig" '
        f'-H "content-type: application/json" -d "$body" {base_url}/hooks/{channel_id}',
    )
