/* A Python of this system inside a Wine process, so that functions of Windows can be called from it.
 *
 * There is no Windows Python to be had from PyPI, npm or Debian. Wine's winegcc makes this program a Wine process that
 * loads the system's own libpython; module `wincall` calls a function by address with the calling convention of
 * 64-bit Windows. tests/soak/wine/windows.py makes ctypes.WinDLL and winreg of it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <stdint.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define MAX_ARGUMENTS 16

typedef uint64_t word;
typedef word(__attribute__((ms_abi)) * function)(word, word, word, word, word, word, word, word, word, word, word, word,
                                                word, word, word, word);

static PyObject *load(PyObject *self, PyObject *arguments)
{
    const char *name;
    if (!PyArg_ParseTuple(arguments, "s", &name)) return NULL;
    return PyLong_FromVoidPtr((void *)LoadLibraryExA(name, NULL, 0));
}

static PyObject *address(PyObject *self, PyObject *arguments)
{
    unsigned long long library;
    const char *name;
    if (!PyArg_ParseTuple(arguments, "Ks", &library, &name)) return NULL;
    return PyLong_FromVoidPtr((void *)GetProcAddress((HMODULE)(uintptr_t)library, name));
}

/* call(address, (word, ...)) -> (result, last error). Surplus words are zeros, which the callee never looks at. */
static PyObject *call(PyObject *self, PyObject *arguments)
{
    unsigned long long where;
    PyObject *given;
    word a[MAX_ARGUMENTS] = {0}, result;
    DWORD error;
    if (!PyArg_ParseTuple(arguments, "KO!", &where, &PyTuple_Type, &given)) return NULL;
    if (PyTuple_GET_SIZE(given) > MAX_ARGUMENTS) {
        PyErr_SetString(PyExc_ValueError, "a function takes at most 16 arguments here");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++) {
        a[i] = PyLong_AsUnsignedLongLongMask(PyTuple_GET_ITEM(given, i));
        if (PyErr_Occurred()) return NULL;
    }
    SetLastError(0);
    result = ((function)(uintptr_t)where)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11],
                                          a[12], a[13], a[14], a[15]);
    error = GetLastError();
    return Py_BuildValue("(KI)", (unsigned long long)result, (unsigned int)error);
}

static PyMethodDef methods[] = {
    {"load", load, METH_VARARGS, "The handle of a library, 0 when there is none."},
    {"address", address, METH_VARARGS, "The address of a function, 0 when there is none."},
    {"call", call, METH_VARARGS, "Calls a function with whole words."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "wincall", NULL, -1, methods};

static PyObject *make_module(void) { return PyModule_Create(&module); }

int main(int count, char **words)
{
    /* Python's own extension modules look for its symbols among the global ones. */
    if (!dlopen(LIBPYTHON, RTLD_NOW | RTLD_GLOBAL)) return 3;
    PyImport_AppendInittab("wincall", make_module);
    return Py_BytesMain(count, words);
}
