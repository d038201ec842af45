// What the repository tests read: the source files of the workspace and its package manifests.
// It walks folders rather than asking git, so it also sees what is not committed yet.
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const ignored = new Set(["node_modules", "dist", "bundle", ".git", ".turbo", ".cache", "coverage"])

/** Paths from the repository's root, sorted, with forward slashes. */
export const files = (patterns: ReadonlyArray<string>): ReadonlyArray<string> =>
  globSync([...patterns], { cwd: root, exclude: (path) => ignored.has(basename(path)) })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

export const exists = (path: string): boolean => existsSync(join(root, path))

export interface Manifest {
  readonly folder: string
  readonly name: string
  readonly exports: Readonly<Record<string, string | null>>
}

/** The workspace packages that stand in the tree. */
export const manifests = (): ReadonlyArray<Manifest> =>
  files(["packages/*/package.json", "apps/*/package.json", "examples/*/package.json", "bench/package.json"]).map(
    (path) => {
      const { name, exports } = JSON.parse(read(path)) as { name: string; exports?: Manifest["exports"] }
      return { folder: dirname(path), name, exports: exports ?? {} }
    }
  )

/** Folders that may hold a SPEC.md, source and tests. */
export const packageFolders = (): ReadonlyArray<string> =>
  files(["packages/*/package.json", "apps/*/package.json"]).map((path) => dirname(path))

/** `path:line` of every match, for messages that an editor can open. */
export const matchesIn = (paths: ReadonlyArray<string>, pattern: RegExp): ReadonlyArray<string> =>
  paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
  )
