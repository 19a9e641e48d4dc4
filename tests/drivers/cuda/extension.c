/* torch's extension module, as far as it comes to CUDA's driver. DRIVER is where that is. */

#include <Python.h>
#include <dlfcn.h>

static int call(const char *name, void *result) {
    int (*entry)(void *, int) = (int (*)(void *, int))dlsym(dlopen(DRIVER, RTLD_NOW), name);
    return entry(result, 0);
}

static PyObject *count(PyObject *self, PyObject *none) {
    int number = 0;
    call("cuInit", 0);
    return PyLong_FromLong(call("cuDeviceGetCount", &number) ? 0 : number);
}

static PyObject *initialise(PyObject *self, PyObject *none) {
    if (call("cuInit", 0))
        return PyErr_Format(PyExc_RuntimeError, "Cannot re-initialize CUDA in forked subprocess");
    Py_RETURN_NONE;
}

static PyObject *synchronise(PyObject *self, PyObject *none) {
    void *context;
    call("cuDevicePrimaryCtxRetain", &context);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_cuda_getDeviceCount", count, METH_NOARGS, 0},
    {"_cuda_init", initialise, METH_NOARGS, 0},
    {"_cuda_synchronize", synchronise, METH_NOARGS, 0},
    {0},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "torch._C", 0, -1, functions};

PyMODINIT_FUNC PyInit__C(void) { return PyModule_Create(&module); }
