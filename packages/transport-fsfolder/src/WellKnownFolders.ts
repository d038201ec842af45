/**
 * Where cloud programs keep their folders on macOS, Windows and Linux, those of them that are there, to be offered to people. It
 * looks only where the programs themselves say or by default put them, and neither makes nor judges a folder.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { posix, win32 } from "node:path"

export type Provider = "icloud" | "dropbox" | "onedrive" | "google-drive" | "syncthing"

export interface WellKnownFolder {
  readonly provider: Provider
  /** For people, e.g. `Dropbox (business)`. */
  readonly name: string
  readonly path: string
}

/** What is asked of a machine; tests put another one in its place. */
export interface SystemView {
  /** As `process.platform` has it. */
  readonly platform: string
  /** The user's home folder. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isFolder: (path: string) => boolean
  /** Names of what is in a folder; none where there is no such folder. */
  readonly namesIn: (path: string) => ReadonlyArray<string>
  /** The text of a small file; `undefined` where there is none. */
  readonly read: (path: string) => string | undefined
}

/** Folders that are given at most. */
export const foldersMax = 64
/** Longest file that is read, in bytes, and names of a folder that are looked at. */
export const configBytesMax = 1024 * 1024
export const namesMax = 1_000

/** This machine, with what the caller knows of its user. */
export const nodeView = (of: Pick<SystemView, "platform" | "home" | "env">): SystemView => ({
  ...of,
  isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  namesIn: (path) => quietly(() => readdirSync(path).slice(0, namesMax)) ?? [],
  read: (path) =>
    quietly(() => {
      const facts = statSync(path)
      return facts.isFile() && facts.size <= configBytesMax ? readFileSync(path, "utf8") : undefined
    })
})

/** What cannot be looked at is not offered. */
const quietly = <A>(look: () => A): A | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** Each folder once, those of iCloud Drive first. */
export const wellKnownFolders = (view: SystemView): ReadonlyArray<WellKnownFolder> => {
  const all = [icloud, dropbox, oneDrive, googleDrive, syncthing].flatMap((of) => of(view))
  const seen = new Set<string>()
  return all
    .filter(({ path }) => {
      const key = view.platform === "win32" ? path.toLowerCase() : path
      if (seen.has(key) || quietly(() => view.isFolder(path)) !== true) return false
      seen.add(key)
      return true
    })
    .slice(0, foldersMax)
}

type Found = ReadonlyArray<WellKnownFolder>

const pathsOf = ({ platform }: SystemView) => (platform === "win32" ? win32 : posix)
const inHome = (view: SystemView, ...parts: ReadonlyArray<string>): string => pathsOf(view).join(view.home, ...parts)

/** A folder that a file names counts only if it is whole: nobody knows what a part of a path was meant from. */
const isWhole = (view: SystemView, path: unknown): path is string =>
  typeof path === "string" && pathsOf(view).isAbsolute(path)

const icloud = (view: SystemView): Found => {
  const found = (path: string): Found => [{ provider: "icloud", name: "iCloud Drive", path }]
  if (view.platform === "darwin") return found(inHome(view, "Library", "Mobile Documents", "com~apple~CloudDocs"))
  return view.platform === "win32" ? found(inHome(view, "iCloudDrive")) : []
}

/** Where newer macOS keeps the folders of providers, each as `Provider-Account`. */
const cloudStorage = (view: SystemView, prefix: string): ReadonlyArray<{ account: string; path: string }> => {
  if (view.platform !== "darwin") return []
  const folder = inHome(view, "Library", "CloudStorage")
  return view
    .namesIn(folder)
    .filter((name) => name === prefix || name.startsWith(`${prefix}-`))
    .map((name) => ({ account: name.slice(prefix.length + 1), path: posix.join(folder, name) }))
}

const titled = (name: string, account: string): string => (account === "" ? name : `${name} (${account})`)

const dropbox = (view: SystemView): Found => {
  const { APPDATA, LOCALAPPDATA } = view.env
  const infos =
    view.platform === "win32"
      ? [APPDATA, LOCALAPPDATA].flatMap((path) =>
          path === undefined ? [] : [win32.join(path, "Dropbox", "info.json")]
        )
      : [inHome(view, ".dropbox", "info.json")]
  const told = infos.flatMap((info) => accountsIn(view, view.read(info)))
  const stored = cloudStorage(view, "Dropbox").map(({ account, path }) => ({ account, path }))
  return [...told, ...stored, { account: "", path: inHome(view, "Dropbox") }].map(({ account, path }) => ({
    provider: "dropbox",
    name: titled("Dropbox", account),
    path
  }))
}

/** Dropbox's `info.json`: `{"personal": {"path": ...}, "business": {"path": ...}}`. */
const accountsIn = (view: SystemView, text: string | undefined): ReadonlyArray<{ account: string; path: string }> => {
  const info: unknown = text === undefined ? undefined : quietly(() => JSON.parse(text))
  if (typeof info !== "object" || info === null) return []
  const isOnly = Object.keys(info).length === 1
  return Object.entries(info).flatMap(([account, of]: [string, unknown]) => {
    const path = typeof of === "object" && of !== null && "path" in of ? of.path : undefined
    return isWhole(view, path) ? [{ account: isOnly ? "" : account, path }] : []
  })
}

const oneDrive = (view: SystemView): Found => {
  const { OneDrive, OneDriveCommercial, OneDriveConsumer } = view.env
  const told = [
    { account: "personal", path: OneDriveConsumer },
    { account: "work or school", path: OneDriveCommercial },
    { account: "", path: OneDrive }
  ].filter((each): each is { account: string; path: string } => isWhole(view, each.path))
  const stored = cloudStorage(view, "OneDrive")
  return [...told, ...stored, { account: "", path: inHome(view, "OneDrive") }].map(({ account, path }) => ({
    provider: "onedrive",
    name: titled("OneDrive", account),
    path
  }))
}

/** Only what is below `My Drive` can be written; on Windows the program gives it a drive of its own. */
const googleDrive = (view: SystemView): Found => {
  const stored = cloudStorage(view, "GoogleDrive").flatMap(({ account, path }) =>
    [posix.join(path, "My Drive")].map((drive) => ({ account, path: drive }))
  )
  const letters = view.platform === "win32" ? "DEFGHIJKLMNOPQRSTUVWXYZ".split("") : []
  const drives = letters.map((letter) => ({ account: `${letter}:`, path: `${letter}:\\My Drive` }))
  const old = [inHome(view, "Google Drive", "My Drive"), inHome(view, "Google Drive"), inHome(view, "My Drive")]
  return [...stored, ...drives, ...old.map((path) => ({ account: "", path }))].map(({ account, path }) => ({
    provider: "google-drive",
    name: titled("Google Drive", account),
    path
  }))
}

const syncthing = (view: SystemView): Found => {
  const told = syncthingHomes(view).flatMap((home) => sharedIn(view, view.read(pathsOf(view).join(home, "config.xml"))))
  return [...told, { label: "", path: inHome(view, "Sync") }].map(({ label, path }) => ({
    provider: "syncthing",
    name: titled("Syncthing", label),
    path
  }))
}

const syncthingHomes = (view: SystemView): ReadonlyArray<string> => {
  const { LOCALAPPDATA, XDG_CONFIG_HOME, XDG_STATE_HOME } = view.env
  if (view.platform === "darwin") return [inHome(view, "Library", "Application Support", "Syncthing")]
  if (view.platform === "win32") return LOCALAPPDATA === undefined ? [] : [win32.join(LOCALAPPDATA, "Syncthing")]
  return [
    posix.join(XDG_STATE_HOME ?? inHome(view, ".local", "state"), "syncthing"),
    posix.join(XDG_CONFIG_HOME ?? inHome(view, ".config"), "syncthing")
  ]
}

/** Folders of Syncthing's `config.xml` that are sent and received. */
const sharedIn = (view: SystemView, text = ""): ReadonlyArray<{ label: string; path: string }> =>
  [...text.matchAll(/<folder\s([^>]*)>/g)].flatMap(([, attributes = ""]) => {
    const of = (name: string): string => unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "")
    const path = of("path").replace(/^~(?=[/\\])/, () => view.home)
    const isBoth = ["", "sendreceive", "readwrite"].includes(of("type"))
    return isBoth && isWhole(view, path) ? [{ label: of("label") || of("id"), path: trimmed(view, path) }] : []
  })

/** Without the separator at its end, so that it is the same as when it is named without. */
const trimmed = (view: SystemView, path: string): string => {
  const { root } = pathsOf(view).parse(path)
  return path === root ? path : path.replace(/[/\\]+$/, "")
}

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos|#34|#39);/g, (_, name: string) => entities[name] ?? "")

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  "#34": '"',
  "#39": "'"
}
