// control/pseudonyms: reads and makes the files of private keys.
#include "control/pseudonyms/keeper.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <optional>
#include <string_view>

#include "control/base/files.h"
#include "control/base/unique_fd.h"
#include "control/pseudonyms/seal.h"

namespace sluice::control {
namespace {

using Memory = std::unique_ptr<BIO, int (*)(BIO*)>;
constexpr size_t kMaxKeeperFile = 16384;

/// A file that was not there, synced. Returns an empty string, or why not.
std::string make_new_file(const std::filesystem::path& file, std::string_view text) {
  const std::string path = file.string();
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    return errno_text("cannot make " + path);
  }
  if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0) {
    std::string why = errno_text("cannot write " + path);
    ::unlink(path.c_str());
    return why;
  }
  return {};
}

}  // namespace

void KeeperSecret::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::unique_ptr<KeeperSecret> KeeperSecret::open(const std::filesystem::path& file, std::string& error) {
  std::optional<std::string> text = read_tail(file, kMaxKeeperFile);
  if (!text) {
    error = errno_text("cannot read " + file.string());
    return nullptr;
  }
  std::unique_ptr<KeeperSecret> out(new KeeperSecret);
  const Memory memory(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), BIO_free);
  out->key_.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  wipe(*text);
  const std::optional<KeeperKey> shown = public_key_of(out->key_.get());
  if (!shown) {
    error = file.string() + (out->key_ ? " holds another kind of key than a keeper's (X25519)"
                                       : " holds no private key, or the passphrase is another one");
    return nullptr;
  }
  out->shown_ = *shown;
  return out;
}

std::unique_ptr<KeeperSecret> KeeperSecret::make(const std::filesystem::path& file,
                                                 const std::string& passphrase, std::string& error) {
  std::unique_ptr<KeeperSecret> out(new KeeperSecret);
  out->key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  const std::optional<KeeperKey> shown = public_key_of(out->key_.get());
  const Memory memory(BIO_new(BIO_s_secmem()), BIO_free);
  if (!shown || !memory ||
      PEM_write_bio_PKCS8PrivateKey(memory.get(), out->key_.get(),
                                    passphrase.empty() ? nullptr : EVP_aes_256_cbc(), passphrase.data(),
                                    static_cast<int>(passphrase.size()), nullptr, nullptr) != 1) {
    error = "cannot make an X25519 key";
    return nullptr;
  }
  out->shown_ = *shown;
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  error = make_new_file(file, {data, static_cast<size_t>(size)});
  return error.empty() ? std::move(out) : nullptr;
}

}  // namespace sluice::control
