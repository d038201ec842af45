// Tests against the real Google Drive, for a person who runs them by hand with `pnpm run live`. `npm test` never sees them.
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: { include: ["live/**/*.live.test.ts"], testTimeout: 900_000, hookTimeout: 900_000 }
})
