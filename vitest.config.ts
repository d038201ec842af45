// The one test configuration; every package's vitest.config.ts re-exports it.
// Each test file runs in its own process, because native modules and sockets do not share one well.
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Every test file's process, and every process and thread that a test starts, loads the same libraries.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url))

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"]
  }
})
