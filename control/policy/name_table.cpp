// control/policy: builds the suffix table of host names.
//
// The names are sorted by hash in partitions that fit the processor's cache, each by one thread: the order of
// the hashes is that of the buckets, so the table is written from its beginning to its end. Sets are closed
// afterwards, by looking up what stands above each name, many names at a time, so that memory is waited for
// once.
#include "control/policy/name_table.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "control/policy/huge_pages.h"
#include "control/policy/name_claims.h"
#include "control/policy/parallel.h"

namespace sluice::control {
namespace {

constexpr size_t kNamesPerPartition = 16384;
constexpr size_t kMaxPartitions = 1024;
constexpr size_t kNamesAtOnce = 32;  ///< whose parents are looked up together

/// One name of the table.
struct Entry {
  uint64_t hash;
  uint32_t offset;  ///< of its length and bytes in Part::names; then of its entry in NameLayout::bytes
  uint32_t claims;
};

/// Names of one partition, copied together: sorted by hash, they would else lie all over the memory.
struct Part {
  std::vector<Entry> entries;
  std::string names;

  void add(std::string_view name, uint64_t hash, uint32_t claims) {
    entries.push_back({hash, static_cast<uint32_t>(names.size()), claims});
    names += static_cast<char>(name.size());
    names += name;
  }
  void append(const Part& other) {
    const auto base = static_cast<uint32_t>(names.size());
    for (const Entry& entry : other.entries)
      entries.push_back({entry.hash, base + entry.offset, entry.claims});
    names += other.names;
  }
  std::string_view name_of(const Entry& entry) const {
    return std::string_view(names).substr(entry.offset + 1, static_cast<uint8_t>(names[entry.offset]));
  }
};

/// A chunk of a block, with the list it is for.
struct Source {
  std::string_view bytes;
  uint16_t list;
};

class Builder {
 public:
  Builder(std::span<const ListNames> lists, SetTable& sets, uint64_t seed) : claims_(sets), seed_(seed) {
    for (const ListNames& list : lists) {
      total_ += list.names->size();
      for (const std::string& chunk : list.names->chunks()) sources_.push_back({chunk, list.list});
    }
    partitions_ = std::vector<Partition>(
        std::bit_floor(std::clamp(total_ / kNamesPerPartition, size_t{1}, kMaxPartitions)));
  }

  std::optional<NameLayout> build() {
    if (total_ > kMaxNames) return std::nullopt;
    if (total_ == 0) return std::move(out_);
    distribute();
    for_each_index(partitions_.size(), [this](size_t i) { unite(partitions_[i]); });
    if (!size_table()) return std::nullopt;
    for_each_index(partitions_.size(), [this](size_t i) { lay_out(i); });
    place_spilled();
    for_each_index(partitions_.size(), [this](size_t i) { close(partitions_[i]); });
    // Only now: what was said of a name alone had to stay readable for those below it.
    for_each_index(partitions_.size(), [this](size_t i) { write_results(partitions_[i]); });
    out_.sets = claims_.take_results();
    return std::move(out_);
  }

 private:
  struct Partition {
    Part part;
    std::mutex lock;  ///< of part, while it is filled
    size_t bytes = 0, first_byte = 0;
    std::vector<Entry> spilled;  ///< what did not fit into this partition's buckets
  };

  size_t partition_of(uint64_t hash) const { return (hash >> 32) * partitions_.size() >> 32; }

  /// Gives each name to the partition of its hash. Threads collect on their own and hand over now and then.
  void distribute() {
    static constexpr size_t kPerTurn = 8;  // chunks
    for_each_index((sources_.size() + kPerTurn - 1) / kPerTurn, [&](size_t turn) {
      std::vector<Part> found(partitions_.size());
      const size_t last = std::min((turn + 1) * kPerTurn, sources_.size());
      for (size_t i = turn * kPerTurn; i < last; ++i) read_chunk(sources_[i], found);
      for (size_t i = 0; i < found.size(); ++i) {
        const std::lock_guard lock(partitions_[i].lock);
        partitions_[i].part.append(found[i]);
      }
    });
  }

  void read_chunk(const Source& source, std::vector<Part>& found) {
    ClaimTable::Memo memo(claims_);
    for (size_t offset = 0; offset < source.bytes.size();) {
      const NameBlock::Record record = NameBlock::next(source.bytes, offset);
      const uint64_t hash = name_hash(record.name, seed_);
      found[partition_of(hash)].add(record.name, hash, memo.add(0, source.list, record.scope, record.claim));
    }
  }

  /// Sorts by hash, and makes one entry of all that are of one name.
  void unite(Partition& partition) {
    const Part& part = partition.part;
    std::vector<Entry>& entries = partition.part.entries;
    std::ranges::sort(entries, {}, &Entry::hash);
    ClaimTable::Memo memo(claims_);
    size_t kept = 0;
    for (const Entry& entry : entries) {
      // Nearly always the one before; names that share all 64 bits stand beside each other.
      size_t same = kept;
      while (same > 0 && entries[same - 1].hash == entry.hash &&
             part.name_of(entries[same - 1]) != part.name_of(entry))
        --same;
      if (same > 0 && entries[same - 1].hash == entry.hash) {
        entries[same - 1].claims = memo.unite(entries[same - 1].claims, entry.claims);
        continue;
      }
      partition.bytes += sizeof(NameEntry) + part.name_of(entry).size();
      entries[kept++] = entry;
    }
    entries.resize(kept);
  }

  /// Two thirds of the slots are used at most: of fuller buckets so many would overflow that look-ups wait
  /// for a second one. Each partition has the same number of buckets for its own.
  bool size_table() {
    size_t bytes = 0;
    for (Partition& partition : partitions_) {
      partition.first_byte = bytes;
      bytes += partition.bytes;
      out_.names += partition.part.entries.size();
    }
    if (bytes >= std::numeric_limits<uint32_t>::max()) return false;
    const size_t needed = (out_.names * 3 + 2 * kSlotsPerBucket - 1) / (2 * kSlotsPerBucket);
    buckets_each_ = (needed + partitions_.size() - 1) / partitions_.size();
    reserve_huge(out_.bytes, bytes);
    out_.bytes.resize(bytes);
    reserve_huge(out_.buckets, buckets_each_ * partitions_.size());
    out_.buckets.resize(buckets_each_ * partitions_.size());
    return true;
  }

  void lay_out(size_t index) {
    Partition& partition = partitions_[index];
    size_t at = partition.first_byte;
    for (Entry& entry : partition.part.entries) {
      const std::string_view name = partition.part.name_of(entry);
      out_.write(at, name, entry.claims);
      entry.offset = static_cast<uint32_t>(at);
      at += sizeof(NameEntry) + name.size();
      const size_t home = home_bucket(entry.hash, out_.buckets.size());
      if (!out_.place(tag_of(entry.hash), entry.offset, home, (index + 1) * buckets_each_))
        partition.spilled.push_back(entry);
    }
    partition.part.names = {};
  }

  void place_spilled() {
    for (Partition& partition : partitions_)
      for (const Entry& entry : partition.spilled) out_.place(entry.hash, entry.offset);
  }

  struct Above {
    std::string_view name;
    uint64_t hash;
    Entry* below;
  };

  void close(Partition& partition) {
    ClaimTable::Memo memo(claims_);
    std::vector<Above> above;
    std::vector<Entry>& entries = partition.part.entries;
    for (size_t first = 0; first < entries.size(); first += kNamesAtOnce) {
      above.clear();
      for (Entry& entry : std::span(entries).subspan(first, std::min(kNamesAtOnce, entries.size() - first)))
        find_above(entry, above);
      for (const Above& each : above) out_.prefetch_entry(each.hash);
      for (const Above& each : above) {
        const uint32_t found = out_.find(each.name, each.hash);
        if (found != NameLayout::kAbsent)
          each.below->claims = memo.below(each.below->claims, out_.entry_at(found).sets);
      }
    }
    for (Entry& entry : entries) entry.claims = memo.result(entry.claims);
  }

  void find_above(Entry& entry, std::vector<Above>& above) const {
    std::string_view name = out_.name_at(entry.offset);
    for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
      name.remove_prefix(dot + 1);
      const uint64_t hash = name_hash(name, seed_);
      __builtin_prefetch(&out_.buckets[home_bucket(hash, out_.buckets.size())]);
      above.push_back({name, hash, &entry});
    }
  }

  void write_results(Partition& partition) {
    for (const Entry& entry : partition.part.entries) out_.set_sets(entry.offset, entry.claims);
    partition.part.entries = {};
  }

  ClaimTable claims_;
  const uint64_t seed_;
  std::vector<Source> sources_;
  size_t total_ = 0;
  std::vector<Partition> partitions_;
  size_t buckets_each_ = 0;
  NameLayout out_;
};

}  // namespace

std::optional<NameLayout> build_names(std::span<const ListNames> sources, SetTable& sets, uint64_t seed) {
  return Builder(sources, sets, seed).build();
}

}  // namespace sluice::control
