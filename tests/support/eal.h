// tests: the EAL, once for each test program, and a pool of packet buffers.
#pragma once

struct rte_mempool;

namespace sluice::test {

/// Starts the EAL without huge pages, PCI or files shared with other processes, unless it runs. A program
/// links eal_main.cpp instead of gtest_main to have it before its first test.
void start_eal();

/// A pool of buffers with room for 2,048 bytes, shared by all tests of a program.
rte_mempool* test_pool();

/// A pool of its own, of count buffers with room for data_bytes each; freed by the caller with
/// rte_mempool_free.
rte_mempool* make_pool(const char* name, unsigned count, unsigned data_bytes);

}  // namespace sluice::test
