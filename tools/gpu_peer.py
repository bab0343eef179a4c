#!/usr/bin/env python3
"""The peer of `tilebench gpu`: answers "matmul tf32 M N K NT", "triton tf32 M N K NT", "attention B H S D forward",
"copy" and "llama 110M BATCH tf32 SEQ STEPS" on stdin with "ms X" (one call, one step; for llama also peak GiB) or
"fail WHY". The code that is measured is that of the peer scripts.
Usage: gpu_peer.py FOLDER    the folder of peers.py and llama_peer.py; needs PyTorch with Triton and a GPU"""
import ast
import contextlib
import io
import os
import re
import sys

answers = os.fdopen(os.dup(1), 'w')  # what libraries print must not look like an answer
os.dup2(2, 1)
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from triton.testing import do_bench


def definitions(path):
    """Functions, imports and plain constants of a script, without what it runs."""
    tree = ast.parse(open(path).read(), path)
    keep = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom, ast.FunctionDef)) or
            isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
    scope = {'__name__': 'peers', '__file__': path}
    exec(compile(ast.Module(keep, []), path, 'exec'), scope)
    return scope


peers = definitions(os.path.join(sys.argv[1], 'peers.py'))


def matmul(precision, m, n, k, layout):
    m, n, k = int(m), int(n), int(k)
    rate = peers['mm'](m, n, k, layout[0] == 'T', layout[1] == 'T', precision == 'tf32')
    return 2 * m * n * k / rate / 1e9


def triton(precision, m, n, k, layout):
    m, n, k = int(m), int(n), int(k)
    rate, _ = peers['tmm'](m, n, k, layout[0] == 'T', layout[1] == 'T',
                           'tf32' if precision == 'tf32' else 'ieee')
    return 2 * m * n * k / rate / 1e9


def attention(batch, heads, length, width, direction):
    """The memory-efficient back end of attn_peer.py."""
    torch.backends.cuda.matmul.allow_tf32 = True
    shape = [int(x) for x in (batch, heads, length, width)]
    q, k, v = [torch.randn(shape, device='cuda', requires_grad=True) for _ in range(3)]
    do = torch.randn(shape, device='cuda')
    forward = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)
    with sdpa_kernel(SDPBackend.EFFICIENT_ATTENTION):
        if direction == 'forward':
            return do_bench(forward, warmup=20, rep=100, return_mode='median')
        o = forward()
        backward = lambda: torch.autograd.grad(o, (q, k, v), do, retain_graph=True)
        return do_bench(backward, warmup=20, rep=100, return_mode='median')


def copy():
    x = torch.empty(1 << 30, device='cuda').normal_()
    y = torch.empty_like(x)
    return peers['med'](lambda: y.copy_(x))


def llama(model, batch, precision, length, steps):
    """llama_peer.py's eager run, which prints its figures."""
    sys.path.insert(0, sys.argv[1])
    import llama_peer
    if int(length) != llama_peer.CFG[model][-1]:
        raise ValueError(f'llama_peer.py knows {model} with {llama_peer.CFG[model][-1]} tokens')
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        torch.cuda.reset_peak_memory_stats()
        llama_peer.run(model, int(batch), 'cuda', precision == 'tf32', None, int(steps))
    found = re.search(r'step=([\d.]+)ms.* mem=([\d.]+)GiB', printed.getvalue())
    return f'{found[1]} {found[2]}'


commands = {'matmul': matmul, 'triton': triton, 'attention': attention, 'copy': copy, 'llama': llama}
torch.manual_seed(0)
print('ready', file=answers, flush=True)
for line in sys.stdin:
    name, *arguments = line.split()
    try:
        print('ms', commands[name](*arguments), file=answers, flush=True)
    except Exception as error:
        print('fail', repr(error).replace('\n', ' ')[:300], file=answers, flush=True)
    torch.cuda.empty_cache()
