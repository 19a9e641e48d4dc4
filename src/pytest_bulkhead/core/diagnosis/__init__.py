"""What the evidence of a crash means: named rules, in order, each with what it takes to be sure.

No rule matches what it must not: `unknown` is a good answer. Knows the words that libraries, the
kernel and Python have for what happens, and nothing of where they were read.
"""
