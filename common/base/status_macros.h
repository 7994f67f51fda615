// common/base/status_macros.h
//
// The four ways to pass a failure on: two for functions, two for coroutines.
//
// Flow      POSTERN_RETURN_IF_ERROR(Step());  POSTERN_ASSIGN_OR_RETURN(auto x, Make());
//           POSTERN_CO_RETURN_IF_ERROR(co_await Step());  POSTERN_CO_ASSIGN_OR_RETURN(auto x,
//           co_await Make());

#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define POSTERN_MACRO_JOIN_INNER(a, b) a##b
#define POSTERN_MACRO_JOIN(a, b) POSTERN_MACRO_JOIN_INNER(a, b)

#define POSTERN_RETURN_IF_ERROR(expression) \
  if (absl::Status postern_status = (expression); !postern_status.ok()) return postern_status

#define POSTERN_CO_RETURN_IF_ERROR(expression) \
  if (absl::Status postern_status = (expression); !postern_status.ok()) co_return postern_status

#define POSTERN_ASSIGN_INNER(result, target, expression, leave) \
  auto result = (expression);                                   \
  if (!result.ok()) leave std::move(result).status();           \
  target = std::move(result).value()

#define POSTERN_ASSIGN_OR_RETURN(target, expression) \
  POSTERN_ASSIGN_INNER(POSTERN_MACRO_JOIN(postern_result_, __LINE__), target, expression, return )

#define POSTERN_CO_ASSIGN_OR_RETURN(target, expression)                                   \
  POSTERN_ASSIGN_INNER(POSTERN_MACRO_JOIN(postern_result_, __LINE__), target, expression, \
                       co_return )
