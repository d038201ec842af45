// The one test configuration; every package's vitest.config.ts re-exports it.
// Each test file runs in its own process, because native modules and sockets do not share one well.
import { defineConfig } from "vitest/config"

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
