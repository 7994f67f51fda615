// cli/cmdlets.h
//
// Cmdlets: the verbs with Exchange's form, each declared once, with the parameters that it takes.
//
// Flow      FindCmdlet("new-sendconnector"); ParametersOf(cmdlet) for its line and its help.
// Limits    Tables of constants.
// See       common/connector/parameters.h and common/directory/parameters.h for the fields

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/connector/parameters.h"

namespace postern::cli {

using connector::Parameter;

struct Cmdlet {
  enum class Action : std::uint8_t {
    kNew,
    kSet,
    kGet,
    kRemove,
    kEnable,
    kDisable,
    kGetPermission,
    kAddPermission,
    kRemovePermission,
    kTestRoute,
    kTrack,
    kGetQueue,
    kGetMessage,
    kSuspendQueue,
    kResumeQueue,
    kRetryQueue,
    kSuspendMessage,
    kResumeMessage,
    kRemoveMessage,
    kExportMessage,
    kQueueDigest,
    kTlsReport,
    kImport,
    kInvokeScript,
    kShell,
    kCompletion,
  };

  std::string_view name;   // "New-SendConnector"
  std::string_view alias;  // Exchange's word where it is another one: "New-AdSite"
  Action action = Action::kGet;
  std::string_view kind;  // of the resource; empty: none
  std::string_view group;
  std::string_view about;
};

std::span<const Cmdlet> Cmdlets();

// By name or alias, without regard to case; null when there is none.
const Cmdlet* FindCmdlet(std::string_view name);

// What a line of the cmdlet may name, those refused with a reason too; the common ones come last.
std::vector<const Parameter*> ParametersOf(const Cmdlet& cmdlet);

// The parameter that takes the value that stands without a name; empty: none does.
std::string_view PositionalOf(const Cmdlet& cmdlet);

// Whether the line must give the parameter.
bool IsRequired(const Cmdlet& cmdlet, const Parameter& parameter);

// Why a line of this cmdlet may not give a parameter that others take; empty: it may.
std::string_view RefusalOf(const Cmdlet& cmdlet, const Parameter& parameter);

// PowerShell's short names: "wi" is WhatIf. Empty when it is none.
std::string_view LongNameOf(std::string_view alias);

// "Send connector", "accepted domain": a kind in a sentence.
std::string_view NounOf(std::string_view kind);

}  // namespace postern::cli
