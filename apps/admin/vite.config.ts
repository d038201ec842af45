// The pages as files that a hub serves: relative to `<base>`, which the hub says, so that they also lie below a proxy's path.
import { join } from "node:path"
import react from "@vitejs/plugin-react"
import { defineConfig } from "vite"

export default defineConfig({
  root: join(import.meta.dirname, "src"),
  base: "./",
  plugins: [react()],
  build: {
    target: "es2023",
    // Every page's policy forbids what is inlined as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The hub's own bundle lies beside others; this one is stamped by scripts/bundle.mjs.
    outDir: "../bundle",
    emptyOutDir: true,
    chunkSizeWarningLimit: 1_000
  }
})
