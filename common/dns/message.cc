#include "common/dns/message.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"

// Header (12 bytes): id, flags, and the counts of question, answer, authority and additional
// records. Record: name, type 16, class 16, ttl 32, length 16, data. Name: labels of a length byte
// and 1-63 bytes, ended by 0 or by a 14-bit pointer (top bits 11).

namespace postern::dns {
namespace {

constexpr std::size_t kBytesMax = 65'535;
constexpr std::size_t kRecordsMax = 4'096;
constexpr std::size_t kKeptMax = 256;
constexpr std::size_t kNameBytesMax = 255;
constexpr int kChainMax = 16;
constexpr std::uint16_t kClassInternet = 1;
constexpr std::uint16_t kNameServer = 2;  // a type of record
constexpr absl::Duration kOneFamilyTtl = absl::Minutes(1);

absl::Status Broken(std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "dns answer: ", rule);
}

// Reads forwards; once something was missing, every later value is zero and `ok` stays false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }

  std::size_t position() const { return position_; }

  std::uint8_t Byte() {
    if (position_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[position_++]);
  }

  std::uint16_t Short() {
    const std::uint16_t high = Byte();
    return static_cast<std::uint16_t>(high << 8 | Byte());
  }

  std::uint32_t Long() {
    const std::uint32_t high = Short();
    return high << 16 | Short();
  }

  void Skip(std::size_t count) {
    if (count > bytes_.size() - position_) {
      ok_ = false;
    } else {
      position_ += count;
    }
  }

  void MoveTo(std::size_t position) { position_ = position; }

  // A name, with compression followed; the position is left behind its first pointer.
  absl::StatusOr<std::string> Name();

 private:
  void AppendLabel(std::size_t length, std::string& out);

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

void Reader::AppendLabel(std::size_t length, std::string& out) {
  if (!out.empty()) out.push_back('.');
  for (std::size_t i = 0; i < length; ++i) {
    const char byte = static_cast<char>(Byte());
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (letter || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_') {
      out.push_back(letter ? static_cast<char>(byte | 0x20) : byte);
    } else {
      const auto value = static_cast<std::uint8_t>(byte);
      const char digits[] = {'\\', static_cast<char>('0' + value / 100),
                             static_cast<char>('0' + value / 10 % 10),
                             static_cast<char>('0' + value % 10)};
      out.append(digits, sizeof(digits));
    }
  }
}

absl::StatusOr<std::string> Reader::Name() {
  std::string out;
  std::size_t wire_bytes = 1;
  std::size_t lowest = position_;  // a pointer must lead below all that was read of this name
  std::size_t resume = 0;
  while (true) {
    const std::uint8_t length = Byte();
    if (!ok_) return Broken("a name is cut short");
    if (length == 0) break;
    if ((length & 0xC0) == 0xC0) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3F) << 8 | Byte();
      if (!ok_) return Broken("a name is cut short");
      if (target >= lowest) return Broken("a compression pointer does not lead backwards");
      if (resume == 0) resume = position_;
      lowest = target;
      position_ = target;
      continue;
    }
    if ((length & 0xC0) != 0) return Broken("a label of unknown kind");
    wire_bytes += 1u + length;
    if (wire_bytes > kNameBytesMax) return Broken("a name of more than 255 bytes");
    AppendLabel(length, out);
    if (!ok_) return Broken("a name is cut short");
  }
  if (resume != 0) position_ = resume;
  return out;
}

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  absl::Duration ttl;
  std::size_t begin = 0;  // of the data
  std::size_t end = 0;

  bool Is(RecordType wanted) const {
    return klass == kClassInternet && type == static_cast<std::uint16_t>(wanted);
  }
};

// RFC 2181 §8: a TTL with its top bit set counts as zero.
absl::Duration TtlFrom(std::uint32_t seconds) {
  return seconds > 0x7FFF'FFFFu ? absl::ZeroDuration() : absl::Seconds(seconds);
}

absl::StatusOr<std::vector<Record>> ReadSection(Reader& reader, std::size_t count) {
  if (count > kRecordsMax) return Broken("more than 4096 records in a section");
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    POSTERN_ASSIGN_OR_RETURN(record.owner, reader.Name());
    record.type = reader.Short();
    record.klass = reader.Short();
    record.ttl = TtlFrom(reader.Long());
    const std::size_t length = reader.Short();
    record.begin = reader.position();
    reader.Skip(length);
    if (!reader.ok()) return Broken("a record is cut short");
    record.end = record.begin + length;
    records.push_back(std::move(record));
  }
  return records;
}

// A name inside the data of a record, which must end where the data ends (`tail` bytes before it).
absl::StatusOr<std::string> NameIn(Reader reader, const Record& record, std::size_t offset) {
  reader.MoveTo(record.begin + offset);
  POSTERN_ASSIGN_OR_RETURN(std::string name, reader.Name());
  if (reader.position() != record.end) return Broken("a record's name does not fit its length");
  return name;
}

absl::StatusOr<MxRecord> MxFrom(const Reader& reader, const Record& record) {
  if (record.end - record.begin < 3) return Broken("an MX record of less than 3 bytes");
  MxRecord mx;
  Reader at = reader;
  at.MoveTo(record.begin);
  mx.preference = at.Short();
  POSTERN_ASSIGN_OR_RETURN(mx.host, NameIn(reader, record, 2));
  return mx;
}

absl::StatusOr<io::IpAddress> AddressFrom(std::string_view bytes, const Record& record) {
  const bool v4 = record.Is(RecordType::kA);
  const std::size_t length = v4 ? 4 : 16;
  if (record.end - record.begin != length) return Broken("an address of the wrong length");
  io::IpAddress address;
  if (v4) address.bytes[10] = address.bytes[11] = 0xFF;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(record.begin), length,
              address.bytes.end() - static_cast<std::ptrdiff_t>(length));
  return address;
}

absl::StatusOr<TlsaRecord> TlsaFrom(std::string_view bytes, const Record& record) {
  const std::string_view data = bytes.substr(record.begin, record.end - record.begin);
  if (data.size() < 4) return Broken("a TLSA record of less than 4 bytes");
  TlsaRecord tlsa;
  tlsa.usage = static_cast<std::uint8_t>(data[0]);
  tlsa.selector = static_cast<std::uint8_t>(data[1]);
  tlsa.matching = static_cast<std::uint8_t>(data[2]);
  tlsa.data = data.substr(3);
  return tlsa;
}

// Character strings, each after its length, that are one text.
absl::StatusOr<std::string> TextFrom(std::string_view bytes, const Record& record) {
  std::string_view rest = bytes.substr(record.begin, record.end - record.begin);
  std::string text;
  while (!rest.empty()) {
    const auto length = static_cast<std::uint8_t>(rest[0]);
    if (rest.size() < 1u + length) return Broken("a TXT record is cut short");
    text.append(rest.substr(1, length));
    rest.remove_prefix(1u + length);
  }
  return text;
}

absl::Duration NegativeTtl(const Reader& reader, const std::vector<Record>& authority) {
  for (const Record& record : authority) {
    // Two names, then serial, refresh, retry, expire and minimum.
    if (!record.Is(RecordType::kSoa) || record.end - record.begin < 22) continue;
    Reader at = reader;
    at.MoveTo(record.end - 4);
    return std::min(record.ttl, TtlFrom(at.Long()));
  }
  return absl::ZeroDuration();
}

// Of an answer without records: name servers without an SOA are a referral, and no data is
// something else (RFC 2308 §2.2).
bool Refers(std::uint16_t flags, const std::vector<Record>& authority) {
  constexpr std::uint16_t kAuthoritative = 0x0400;
  constexpr std::uint16_t kRecursionAvailable = 0x0080;
  if ((flags & (kAuthoritative | kRecursionAvailable)) != 0) return false;
  bool servers = false;
  for (const Record& record : authority) {
    if (record.Is(RecordType::kSoa)) return false;
    servers = servers || (record.klass == kClassInternet && record.type == kNameServer);
  }
  return servers;
}

// Walks the CNAME chain from answer.name, in whatever order the server wrote it.
absl::Status FollowChain(const Reader& reader,
                         const std::vector<Record>& records,
                         RecordType asked,
                         Answer& answer) {
  for (int link = 0; link <= kChainMax; ++link) {
    const Record* alias = nullptr;
    for (const Record& record : records) {
      if (record.owner != answer.name) continue;
      if (record.Is(asked)) return absl::OkStatus();
      if (record.Is(RecordType::kCname)) alias = &record;
    }
    if (alias == nullptr) return absl::OkStatus();
    POSTERN_ASSIGN_OR_RETURN(answer.name, NameIn(reader, *alias, 0));
    answer.ttl = std::min(answer.ttl, alias->ttl);
  }
  return Broken("a CNAME chain of more than 16 links");
}

absl::Status Collect(const Reader& reader,
                     std::string_view bytes,
                     const std::vector<Record>& records,
                     RecordType asked,
                     Answer& answer) {
  std::size_t kept = 0;
  for (const Record& record : records) {
    if (record.owner != answer.name || !record.Is(asked)) continue;
    if (++kept > kKeptMax) break;
    answer.ttl = std::min(answer.ttl, record.ttl);
    if (asked == RecordType::kMx) {
      POSTERN_ASSIGN_OR_RETURN(MxRecord mx, MxFrom(reader, record));
      answer.mx.push_back(std::move(mx));
    } else if (asked == RecordType::kA || asked == RecordType::kAaaa) {
      POSTERN_ASSIGN_OR_RETURN(const io::IpAddress address, AddressFrom(bytes, record));
      answer.addresses.push_back(address);
    } else if (asked == RecordType::kTlsa) {
      POSTERN_ASSIGN_OR_RETURN(TlsaRecord tlsa, TlsaFrom(bytes, record));
      answer.tlsa.push_back(std::move(tlsa));
    } else if (asked == RecordType::kTxt) {
      POSTERN_ASSIGN_OR_RETURN(std::string text, TextFrom(bytes, record));
      answer.txt.push_back(std::move(text));
    } else if (asked == RecordType::kPtr) {
      POSTERN_ASSIGN_OR_RETURN(std::string name, NameIn(reader, record, 0));
      answer.ptr.push_back(std::move(name));
    }
  }
  if (kept == 0) answer.ttl = absl::ZeroDuration();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Answer> ParseAnswer(std::string_view bytes, RecordType asked) {
  if (bytes.size() > kBytesMax) return Broken("more than 65535 bytes");
  Reader reader(bytes);
  reader.Short();
  const std::uint16_t flags = reader.Short();
  const std::uint16_t questions = reader.Short();
  const std::uint16_t answers = reader.Short();
  const std::uint16_t authorities = reader.Short();
  reader.Short();
  if (!reader.ok()) return Broken("less than 12 bytes");
  if ((flags & 0x8000) == 0) return Broken("it is a question");
  if (questions != 1) return Broken("not exactly one question");

  Answer answer;
  answer.code = static_cast<ResponseCode>(flags & 0x0F);
  answer.truncated = (flags & 0x0200) != 0;
  answer.authentic = (flags & 0x0020) != 0;
  POSTERN_ASSIGN_OR_RETURN(answer.name, reader.Name());
  const std::uint16_t type = reader.Short();
  reader.Short();
  if (!reader.ok()) return Broken("the question is cut short");
  if (type != static_cast<std::uint16_t>(asked)) return Broken("it answers another question");

  // A truncated message may end anywhere; what is there is not used.
  if (answer.truncated) return answer;
  POSTERN_ASSIGN_OR_RETURN(const std::vector<Record> records, ReadSection(reader, answers));
  POSTERN_ASSIGN_OR_RETURN(const std::vector<Record> authority, ReadSection(reader, authorities));
  answer.negative_ttl = NegativeTtl(reader, authority);
  answer.ttl = absl::InfiniteDuration();
  POSTERN_RETURN_IF_ERROR(FollowChain(reader, records, asked, answer));
  POSTERN_RETURN_IF_ERROR(Collect(reader, bytes, records, asked, answer));
  answer.referral = answer.empty() && Refers(flags, authority);
  return answer;
}

absl::StatusOr<AddressAnswer> JoinFamilies(std::string_view host,
                                           std::span<const absl::StatusOr<Answer>> answers) {
  AddressAnswer out;
  out.ttl = absl::InfiniteDuration();
  absl::Duration negative = absl::InfiniteDuration();
  absl::Status missing;
  absl::Status failed;
  // What is used decides: who drops one family's answers must not make the other's worth less.
  bool answered = false;
  out.secure = true;
  for (const absl::StatusOr<Answer>& answer : answers) {
    if (absl::IsNotFound(answer.status())) {
      missing = answer.status();
      negative = std::min(negative, NegativeTtlOf(missing));
      continue;
    }
    if (!answer.ok()) {
      failed = answer.status();
      continue;
    }
    answered = true;
    out.secure = out.secure && answer->authentic;
    if (answer->name != host) out.canonical = answer->name;
    if (answer->addresses.empty()) {
      negative = std::min(negative, answer->ttl);
    } else {
      out.addresses.insert(out.addresses.end(), answer->addresses.begin(), answer->addresses.end());
      out.ttl = std::min(out.ttl, answer->ttl);
    }
  }
  out.secure = out.secure && answered;
  if (!out.addresses.empty()) {
    if (!failed.ok()) out.ttl = std::min(out.ttl, kOneFamilyTtl);
    return out;
  }
  if (!failed.ok()) return failed;
  if (!answered) return missing;
  out.ttl = negative;
  return out;
}

}  // namespace postern::dns
