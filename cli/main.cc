#include "cli/run.h"

int main(int argc, char** argv) {
  return postern::cli::RunCommandLine(argc, argv, postern::cli::ProcessShell());
}
