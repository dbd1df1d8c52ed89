// evidence tests: what is in an archive, as tar reads it.
#include "control/evidence/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>

#include "control/base/sha256.h"
#include "control/base/unique_fd.h"
#include "tests/unit/evidence/unpacked.h"

namespace sluice::control {
namespace {

struct Archive : testing::Test {
  std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("sluice-archive-" + std::to_string(::getpid()));
  std::string error;
  UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)};
  std::unique_ptr<ArchiveWriter> writer = ArchiveWriter::open(fd.get(), "folder", 1'795'406'706, error);
  ~Archive() override { std::filesystem::remove(file); }
};

TEST_F(Archive, HoldsWhatWasPutInInItsOrder) {
  const std::string large(size_t{3} << 20, 'x');
  const UniqueFd from(::open((file.string() + ".from").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  ASSERT_EQ(::write(from.get(), large.data(), large.size()), static_cast<ssize_t>(large.size()));
  ASSERT_EQ(::lseek(from.get(), 0, SEEK_SET), 0);
  ASSERT_EQ(writer->add("a", "text"), "");
  ASSERT_EQ(writer->add_file("log/b", from.get(), large.size() - 1, {}), "");
  ASSERT_EQ(writer->add("empty", ""), "");
  ASSERT_EQ(writer->finish(), "");
  const auto found = unpacked(file);
  EXPECT_EQ(found, (Unpacked{{"folder/a", "text"}, {"folder/log/b", large.substr(1)}, {"folder/empty", ""}}));
  ASSERT_EQ(writer->files().size(), 3u);
  EXPECT_EQ(writer->files()[1].sha256, sha256_hex(large.substr(1)));
  EXPECT_EQ(writer->files()[1].bytes, large.size() - 1);
  std::filesystem::remove(file.string() + ".from");
}

TEST_F(Archive, AFileThatIsShorterThanItWasIsAnError) {
  const UniqueFd from(::open("/dev/null", O_RDONLY));
  EXPECT_NE(writer->add_file("a", from.get(), 1, {}), "");
}

TEST_F(Archive, StopsWhereItIsTold) {
  const UniqueFd from(::open("/dev/zero", O_RDONLY));
  EXPECT_NE(writer->add_file("a", from.get(), uint64_t{1} << 30, [](uint64_t) { return false; }), "");
}

TEST_F(Archive, TwoOfOneNameAreAnError) {
  ASSERT_EQ(writer->add("a", "text"), "");
  EXPECT_NE(writer->add("a", "other"), "");
}

TEST(PlainName, LeadsNowhere) {
  EXPECT_EQ(plain_name("../../etc/pass wd"), "pass_wd");
  EXPECT_EQ(plain_name("papers/contract-1.pdf"), "contract-1.pdf");
  EXPECT_EQ(plain_name("a\n\xe5\x90\x88"), "a____");
}

}  // namespace
}  // namespace sluice::control
