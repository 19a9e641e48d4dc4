"""The fixture `fake_model` puts a fake where the code under test gets its model, and undoes it."""

from __future__ import annotations

import pytest
from conftest import shown

PRODUCT = {
    "shop/__init__.py": "",
    "shop/loading.py": """
import functools

class Model:
    kind = "real class"
    def __init__(self, name, revision=None): raise RuntimeError("the real model is loaded")
    @classmethod
    def from_pretrained(cls, name): return cls(name)

@functools.lru_cache(maxsize=2)
def get_cached_model(name="large"): return Model(name)

def make(name): return Model(name)

async def get_later(name): return Model(name)

class Service:
    @property
    def model(self): return Model("service")
    @functools.cached_property
    def cached(self): return Model("service")
    @staticmethod
    def load(name): return Model(name)

class Slotted:
    __slots__ = ("model",)

service, slotted = Service(), Slotted()
slotted.model = model = None
""",
    "shop/search.py": "from shop.loading import Model, get_cached_model\n",
    "test_first.py": """
import asyncio, pytest
from pytest_bulkhead.models import fake_feature_extraction

def test_all_kinds_of_places(fake_model):
    from shop import loading
    before = dict(vars(loading)), dict(vars(loading.Service))
    model = fake_model("shop.loading.get_cached_model", dim=8)
    assert loading.get_cached_model("any", x=1) is model and len(model.vectors(["a"])[0]) == 8
    assert loading.get_cached_model.cache_info().maxsize == 2
    loading.get_cached_model.cache_clear()
    assert loading.get_cached_model.__name__ == "get_cached_model"
    later = fake_model("shop.loading.get_later")
    assert asyncio.run(loading.get_later("x")) is later
    made = fake_model("shop.loading.Model")
    assert loading.Model("x", revision=2) is made is loading.Model.from_pretrained("x")
    assert isinstance(made, loading.Model) and not isinstance("x", loading.Model)
    assert loading.Model.kind == "real class"
    features = fake_feature_extraction(dim=4)
    assert fake_model("shop.loading.model", features) is features is loading.model
    service = loading.Service()
    for name in ("model", "cached"):
        assert fake_model(f"shop.loading.Service.{name}") is getattr(service, name)
    assert fake_model("shop.loading.Service.load") is service.load("x") is loading.Service.load("x")
    assert fake_model("shop.loading.make") is not fake_model("shop.loading.make", dim=3)
    for place in ("shop.loading.Service.load.__code__", "builtins.str.upper"):
        with pytest.raises(ValueError, match="nothing can be put there"):
            fake_model(place)
    assert fake_model("shop.loading.slotted.model") is loading.slotted.model
    loading.was = before

def test_undone(request):
    from shop import loading
    if request.config.getoption("isolate") != "function":
        module, service = vars(loading).pop("was")
        assert loading.slotted.model is None
        assert dict(vars(loading)) == module and dict(vars(loading.Service)) == service
    with pytest.raises(RuntimeError):
        loading.get_cached_model()

def test_patched_where_it_is_looked_up(fake_model):
    model = fake_model("shop.search.get_cached_model")
    from shop import loading, search
    assert search.get_cached_model() is model
    with pytest.raises(RuntimeError):
        loading.get_cached_model()

def test_patched_where_nobody_looks(fake_model):
    import shop.search
    with pytest.warns(pytest.PytestWarning, match=r"still known as shop\\.search\\.get_cached_model"):
        fake_model("shop.loading.get_cached_model")

@pytest.mark.parametrize("place, message", [
    ("shop.loading.get_cached_modle", "shop.loading has no 'get_cached_modle'; did you mean 'get_cached_model'"),
    ("shop.laoding.make", "shop has no 'laoding'; did you mean 'loading'"),
    ("shpo.loading.make", "there is no module 'shpo'; did you mean 'shop'"),
    ("shop.loading.Service.modle", "Service has no 'modle'; did you mean 'model'"),
    ("shop.loading", "that is a module"),
    ("shop.loading.service.model", "where its class has it: fake_model('shop.loading.Service.model')"),
    ("shop.loading.service.cached", "where its class has it: fake_model('shop.loading.Service.cached')"),
    ("shop", "is no place"),
    ("", "is no place"),
    ("shop..make", "is no place"),
])
def test_a_place_that_is_none(fake_model, place, message):
    with pytest.raises(ValueError) as caught:
        fake_model(place)
    assert message in str(caught.value)

def test_a_fake_and_options_for_one(fake_model):
    with pytest.raises(ValueError, match="not both"):
        fake_model("shop.loading.make", fake_feature_extraction(), dim=3)

def test_what_the_product_misses_is_told_as_ever(fake_model):
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        fake_model("shop.broken.get_model")
""",
    "shop/broken.py": "import no_such_library\n",
}


@pytest.mark.parametrize("level", ["", "--isolate=session", "--isolate=function"])
def test_a_model_is_replaced_for_one_test(run, files, level):
    """Whatever stands in the place; a wrong place is told, and with it what is called like it."""
    files(PRODUCT)
    finished = run(*filter(None, [level]), "-p", "no:cacheprovider", "-W", "error")
    assert finished.counts == {"passed": 16}, shown(finished)
