"""A unittest class whose `setUpClass` has to be run again after a crash in the middle."""

import ctypes
import unittest


class TestLegacy(unittest.TestCase):
    ready = 0

    @classmethod
    def setUpClass(cls):
        cls.ready += 1

    def test_1_before(self):
        self.assertEqual(self.ready, 1)

    def test_2_guilty(self):
        ctypes.string_at(0)

    def test_3_after(self):
        self.assertEqual(self.ready, 1)
