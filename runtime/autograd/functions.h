// The functions that users call, by subject. Each runs the plain op of runtime/ops and records it.
// Names follow PyTorch. The vjps are written with these same functions, so gradients can be
// differentiated again (create_graph); fused backward kernels are used when the walk itself is not
// recorded. Under NoGrad nothing is recorded.
#pragma once

#include "runtime/autograd/backward.h"
#include "runtime/autograd/elementwise.h"
#include "runtime/autograd/in_place.h"
#include "runtime/autograd/index.h"
#include "runtime/autograd/loss.h"
#include "runtime/autograd/matmul.h"
#include "runtime/autograd/neural.h"
#include "runtime/autograd/print.h"
#include "runtime/autograd/reduce.h"
#include "runtime/autograd/sample.h"
#include "runtime/autograd/shape.h"
#include "runtime/autograd/sort.h"
#include "runtime/autograd/tape.h"
#include "runtime/ops/fill.h"
