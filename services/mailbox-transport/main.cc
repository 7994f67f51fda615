// mailbox-transport: accepts, stores, routes, queues, delivers and settles mail.

#include "common/io/service_main.h"
#include "services/mailbox-transport/app/app.h"

int main(int argc, char** argv) {
  return postern::io::ServiceMain<postern::app::AppSettings, postern::app::App>(
      argc, argv, "mailbox-transport",
      "accepts, stores, routes, queues, delivers and settles outbound mail",
      postern::app::DeclareMetrics);
}
