"""What many a conftest has, for it silences a warning. It also takes away what that is about:
tokenizers does without its pool in a forked child, unless it is told not to.
"""

import os

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
