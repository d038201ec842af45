/**
 * The testing kit's public door: conformance suites and simulation. Only re-exports; nobody inside the package imports
 * it. It needs vitest, so nothing outside tests may.
 */
export * as JournalConformance from "./JournalConformance.ts"
