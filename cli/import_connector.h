// cli/import_connector.h
//
// ImportedConnector: one Send connector of an Exchange server's export, parameter by parameter.
//
// Flow      ImportConnector(object, options): a pure function; the verb (cli/import_verb.h) prints
//           what was found and creates the resource, if nothing was refused.
// Failure   Outcome kRefused, with the reason and what to do.
// See       cli/import_value.h for the shapes of values

#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import_value.h"
#include "cli/resource_fields.h"

namespace postern::cli {

struct ImportOptions {
  std::vector<std::string> source_servers;  // instead of those of the export
  std::string credential;                   // name of a secret
  std::string usage;                        // empty: not said
  std::set<std::string> without;            // parameters to leave out, in lower case
  std::set<std::string> known_servers;      // of the directory, in lower case
  std::string own_site;                     // "site/<name>"; empty: not known
};

struct ImportFinding {
  enum class Outcome : std::uint8_t { kTaken, kChanged, kRefused, kLeftOut };

  std::string parameter;
  Outcome outcome = Outcome::kTaken;
  std::string value;  // what it is here; as exported when it is refused
  std::string note;   // why it is changed or refused
};

std::string_view NameOf(ImportFinding::Outcome outcome);

struct ImportedConnector {
  std::string name;
  v1::Resource resource;
  std::vector<ImportFinding> findings;
  std::vector<std::string> read_only;  // properties that only show something
  std::vector<std::string> unknown;

  // The parameters that stand in the way.
  std::vector<std::string> Refused() const;
};

ImportedConnector ImportConnector(const JsonObject& object, const ImportOptions& options);

}  // namespace postern::cli
