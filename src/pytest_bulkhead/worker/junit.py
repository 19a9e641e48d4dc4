"""What a worker stands in for: the JUnit file, which only the controller writes.

pytest's own fixtures hand attributes and properties to the file's writer, which no worker has, so
under pytest-xdist they are lost. Here they travel with the test's next report.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_bulkhead import compat


class JunitPlugin:
    """Takes what `record_xml_attribute` and `record_testsuite_property` record."""

    def __init__(self, config: pytest.Config) -> None:
        #: pytest warns by it of attributes that the file's schema does not know.
        self.family = config.getini("junit_family")
        self._attributes: list[list[str]] = []
        self._properties: list[list[str]] = []
        compat.write_junit_by(config, self)

    def node_reporter(self, _node: object) -> JunitPlugin:
        """Return what takes the attributes of a test: the one that runs."""
        return self

    def add_attribute(self, name: str, value: object) -> None:
        """Take an attribute of the test that runs."""
        self._attributes.append([str(name), str(value)])

    def add_global_property(self, name: str, value: object) -> None:
        """Take a property of the whole run."""
        compat.check_junit_name(name)
        self._properties.append([name, str(value)])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self._attributes or self._properties:
            extras = [self._attributes, self._properties]
            # pytest sends every attribute of a report.
            report.bulkhead_junit = extras  # type: ignore[attr-defined]
            self._attributes, self._properties = [], []
        return report
