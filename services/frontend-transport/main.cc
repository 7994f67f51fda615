// frontend-transport: the site's door to the Internet.

#include "common/io/service_main.h"
#include "services/frontend-transport/app/app.h"

int main(int argc, char** argv) {
  return postern::io::ServiceMain<postern::frontend::AppSettings, postern::frontend::App>(
      argc, argv, "frontend-transport",
      "speaks SMTP to the outside for the mailbox-transports of its site",
      postern::frontend::DeclareMetrics);
}
