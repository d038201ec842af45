// The one configuration at the repository's root. Files whose tests have devices and folders of their own, and mostly wait for them,
// run their tests side by side.
import { defineConfig } from "vitest/config"
// @boundaries-ignore the configuration is a tool's file, not part of any package
import shared from "../../vitest.config.ts"

const waiting = ["test/Sealed*.test.ts", "test/SpaceKeys.test.ts", "test/SqliteJournal.{reads,sealed,writes}.test.ts"]

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      { ...shared, extends: false, test: { ...shared.test, name: "node", exclude: waiting } },
      {
        ...shared,
        extends: false,
        test: {
          ...shared.test,
          name: "waiting",
          include: waiting,
          sequence: { ...shared.test?.sequence, concurrent: true }
        }
      }
    ]
  }
})
