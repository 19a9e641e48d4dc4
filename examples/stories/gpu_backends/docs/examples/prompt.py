# timeout: 30
"""How a prompt is put together, on any machine."""

from engines.prompts import cut, templated

print(cut(templated("be brief", "what is a hull?"), 6))
