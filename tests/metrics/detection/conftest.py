"""No figure of a detector may warn."""

import warnings

import pytest


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
