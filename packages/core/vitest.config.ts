// The one configuration at the repository's root. A file that puts another module in the place of one has a process of its own.
import { defineConfig } from "vitest/config"
// @boundaries-ignore the configuration is a tool's file, not part of any package
import shared from "../../vitest.config.ts"

const replacing = ["test/charter/updatedProgram.test.ts"]

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      { ...shared, extends: false, test: { ...shared.test, name: "core", exclude: replacing } },
      { ...shared, extends: false, test: { ...shared.test, name: "replacing", include: replacing, isolate: true } }
    ]
  }
})
