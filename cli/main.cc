#include <sys/stat.h>

#include "cli/run.h"

int main(int argc, char** argv) {
  ::umask(0077);  // what it writes is mail
  return postern::cli::RunCommandLine(argc, argv, postern::cli::ProcessShell());
}
