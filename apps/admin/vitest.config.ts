// This package's tests run under the one configuration at the repository's root.
// @boundaries-ignore the configuration is a tool's file, not part of any package
export { default } from "../../vitest.config.ts"
