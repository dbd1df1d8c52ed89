// control/evidence: what stands on every sheet.
#pragma once

#include <string_view>
#include <utility>

namespace sluice::control {

inline constexpr std::string_view kSheetStart =
    "<!DOCTYPE html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<title>Sluice: evidence / 证据单</title>\n<style>\n"
    "body{font:14px/1.45 sans-serif;margin:2em auto;max-width:66em;padding:0 1em;color:#111}\n"
    "h1{font-size:1.5em}h2{font-size:1.1em;margin:1.4em 0 .3em}\n"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.25em "
    ".5em;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}\n"
    "th{font-weight:normal;background:#f3f3f3;width:17%}.use th{width:auto}.half{width:50%}"
    ".number{text-align:right}.good{color:#060}.bad{color:#a00}\n"
    "@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}\n"
    "</style></head><body>\n";

inline constexpr std::string_view kPseudonymsZh =
    "本证据以假名代替人员：日志各行是另行生成的，不能逐行与签名核对。随附的帧头链经签名，可核对没有缺少任何一"
    "行。"
    "策略的源文件点名人员，因此未附；其 SHA-256 在签名的历史中。";
inline constexpr std::string_view kPseudonymsEn =
    "This evidence has pseudonyms in place of people: the log's lines were made anew, so none of them can be "
    "held "
    "against the signatures. The chain of frame headers is in it and signed, so that it can be checked that "
    "no line "
    "is missing. The policies' sources name people and are left out; their SHA-256 stand in the signed "
    "history.";

/// Chinese, English.
inline constexpr std::pair<std::string_view, std::string_view> kBlindSpots[] = {
    {"加密连接的内容：只看得到名称、地址、端口、时间和字节数。",
     "What is said inside encrypted connections: it sees names, addresses, ports, times and bytes alone."},
    {"地址背后是谁：在登记为共享（代理、NAT、终端服务器）的地址后面有许多人；其余的只知道登记的使用者。",
     "Who sits behind an address: many people where it is registered as shared (proxy, NAT, terminal "
     "server); "
     "elsewhere only the user who is registered for it."},
    {"以 ECH 隐藏的名称，以及没有名称的协议；策略规定对其如何处理，日志记明原因。",
     "Names that ECH hides, and protocols without a name; the policy says what becomes of them, and the log "
     "why."},
    {"已登记隧道的内部（除非策略规定拆开检查），以及线路另一端对数据的处理。",
     "The inside of registered tunnels, unless the policy has them opened; and what becomes of data at the "
     "line's "
     "other end."},
    {"不经过本网关的一切：手机网络、其他线路、直接相连的设备。",
     "Whatever does not pass this gateway: mobile networks, other lines, devices connected directly."},
    {"放行时段内仍有记录，但不拦截；上文列出了这些时段。",
     "During a bypass accesses are recorded, and not blocked; the bypasses are listed above."},
    {"若环形缓冲区溢出或机器断电，可能缺少记录；日志自身会写明缺口，上文已列出。",
     "Where a ring overflowed or the machine lost power, records may be missing; the log says so itself, and "
     "the gaps "
     "are listed above."},
    {"正在写入、尚未封存签名的最后一段（至多一小时）不在其中。",
     "The last segment, which is still being written and not signed yet (an hour at most), is not in here."},
    {"谁持有本机的密钥（管理员），就可以重写未经见证的部分；因此请另行取得密钥指纹，并与见证所存对照。",
     "Who holds this machine's key, its administrators, could write anew what no witness has: so compare the "
     "key's "
     "fingerprint, and the signed lines with those of the witness, both by another way."},
    {"时间是本机时钟的时间，其偏差见上。",
     "Times are those of this machine's clock; how far it is off stands above."},
};

inline constexpr std::string_view kCheckZh =
    "在任何装有 python3、openssl 和 zstd 的机器上：<code>tar --zstd -xf FILE</code>，然后在其目录中运行 "
    "<code>python3 verify.py --fingerprint 指纹</code>。指纹请另行取得。";
inline constexpr std::string_view kCheckEn =
    "On any machine with python3, openssl and zstd: <code>tar --zstd -xf FILE</code>, then in its folder "
    "<code>python3 verify.py --fingerprint HEX</code>. Get the fingerprint by another way.";

inline constexpr std::string_view kReadme =
    "EVIDENCE OF A SLUICE GATEWAY\n"
    "============================\n"
    "\n"
    "00-sheet.html      read this first: one sheet, Chinese and English\n"
    "verify.py          checks all of it:  python3 verify.py [--fingerprint HEX]\n"
    "                   needs python3, openssl and zstd; exit status 0 as it was made, 1 altered, 2 cannot "
    "tell\n"
    "log/               the access log's signed segments, heads.jsonl (a signed line for each), its head, "
    "its key\n"
    "                   zstdcat log/access-*.jsonl.zst reads the records\n"
    "policy/            the signed history of policies, its head and key; sources/: what those in force were "
    "made of\n"
    "lines.json papers/ the company, the lines and their papers\n"
    "reports/           the monthly reports that were put in\n"
    "MANIFEST.json      every file with its size and SHA-256; MANIFEST.signed: the log's signed line about "
    "it\n"
    "\n"
    "A key's fingerprint is the SHA-256 of its 32 bytes. Whoever has another key can make another archive: "
    "compare\n"
    "the fingerprint with one that came by another way. verify.py came with the archive, too: whoever doubts "
    "it takes it\n"
    "from Sluice's own sources, control/evidence, or checks by hand as the README there says.\n"
    "\n"
    "网关证据\n"
    "========\n"
    "\n"
    "00-sheet.html      请先阅读：中英文对照的证据单\n"
    "verify.py          核验全部内容：python3 verify.py [--fingerprint 指纹]\n"
    "                   需要 python3、openssl、zstd；退出状态 0 与制作时一致，1 被更改，2 无法判断\n"
    "log/               访问日志的签名段、heads.jsonl（每段一行签名）、其末行及公钥\n"
    "policy/            策略的签名历史；sources/ 为本期生效策略的源文件\n"
    "lines.json papers/ 单位、线路及其文件\n"
    "reports/           附上的月报\n"
    "MANIFEST.json      每个文件的大小与 SHA-256；MANIFEST.signed 为日志对它的签名行\n"
    "\n"
    "指纹请另行取得并核对：持有另一密钥的人可以制作另一份证据。verify.py 也随本证据而来：如有疑问，请从 "
    "Sluice 源码的\n"
    "control/evidence 取得，或按其中的 README 手工核验。\n";
inline constexpr std::string_view kReadmePseudonyms =
    "\n"
    "PSEUDONYMS. The records (log/*.pseudonyms.jsonl.zst) were made anew, with pseudonyms in place of "
    "people. They\n"
    "cannot be held against the log's signatures, line by line. log/*.headers.jsonl are the signed headers "
    "of all\n"
    "frames: they say how many lines there were, of which time, and verify.py counts them: no line is "
    "missing. The\n"
    "policies' sources name people and are left out.\n"
    "\n"
    "假名。各记录（log/*.pseudonyms.jsonl.zst）为另行生成，以假名代替人员，不能逐行与签名核对。log/"
    "*.headers.jsonl\n"
    "是全部帧的签名帧头，载明行数与时间；verify.py 据此核对没有缺少任何一行。策略源文件点名人员，未附。\n";

}  // namespace sluice::control
