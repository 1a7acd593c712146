/* Counts each block of the compiled decoders that runs, for a fuzzer that is guided by it: included
   by the compiler into every module of ext/intake/ of the checked build. A fuzzer that the process
   has loaded before is told where the counters are; where there is none, nobody reads them.
   The interface is that of LLVM's SanitizerCoverage (inline 8-bit counters with a table of places),
   fed by GCC's (-fsanitize-coverage=trace-pc). */
#include <stdint.h>

#define BLOCKS (1 << 14)        /* a module has some thousands: few share a counter */

extern void __sanitizer_cov_8bit_counters_init(uint8_t *first, uint8_t *end) __attribute__((weak));
extern void __sanitizer_cov_pcs_init(const uintptr_t *first, const uintptr_t *end)
    __attribute__((weak));

static uint8_t blocks_run[BLOCKS];
static uintptr_t block_places[2 * BLOCKS];      /* place and flags, as many as counters */

__attribute__((visibility("hidden"), no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) {
    uintptr_t place = (uintptr_t)__builtin_return_address(0);
    uint32_t block = (uint32_t)(place - (uintptr_t)blocks_run) * 2654435761u >> 18;
    block_places[2 * block] = place;
    blocks_run[block]++;
}

__attribute__((constructor, no_sanitize_coverage)) static void tell_fuzzer(void) {
    if (__sanitizer_cov_8bit_counters_init && __sanitizer_cov_pcs_init) {
        __sanitizer_cov_8bit_counters_init(blocks_run, blocks_run + BLOCKS);
        __sanitizer_cov_pcs_init(block_places, block_places + 2 * BLOCKS);
    }
}
