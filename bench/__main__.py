"""`python -m bench`, from the repository's root."""

from bench.run import main

raise SystemExit(main())
