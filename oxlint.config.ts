// The lint rules of the repository, and the import rules that are finer than a package.
// Which package may import which is in turbo.json; what no linter can see is in docs/test/repository.test.ts.
import { defineConfig } from "oxlint"

// The folders of packages/core/src in dependency order: a folder imports only folders to the left of it.
// `telemetry` stands first, so everyone may import it; `testing` stands last, so it may import everything.
const layers = (
  "telemetry identity crypto model merge wire journal charter gate reconcile " +
  "transport session mailbox pairing onboarding router orchestrator admin testing"
).split(" ")

// Decisions without clock, service or I/O. Values of Effect's own kind belong to the drivers around them.
const pureFolders = ["merge", "reconcile"]
const pureFiles = {
  session: "{Session,SessionState,Greeting,LiveSync,LiveState,Comparison,Proof,FrameSequence}.ts",
  pairing: "PairingSession.ts",
  router: "FailoverPolicy.ts"
}

interface Restriction {
  readonly regex: string
  readonly message: string
}

const onlyIn = (regex: string, place: string): Restriction => ({ regex, message: `Only ${place} knows this module.` })

const encoding = onlyIn("^msgpackr($|/)", "model/MessagePack.ts")
const sqlite = onlyIn("^(better-sqlite3|node:sqlite)($|/)", "packages/node")
const sockets = onlyIn(
  "^(socket\\.io|socket\\.io-client|engine\\.io)($|/)",
  "packages/transport-socketio, and the admin's LiveLine.ts,"
)
const peers = onlyIn("^(libp2p$|@libp2p/|@chainsafe/libp2p-|@multiformats/)", "packages/transport-libp2p")
const watching = onlyIn("^chokidar($|/)", "packages/transport-fsfolder/src/FolderWatch.ts")
const google = onlyIn("^(@googleapis/|google-auth-library($|/))", "packages/transport-gdrive")
const casl = onlyIn("^@casl/", "packages/policy/src/PolicyCompiler.ts")
const yaml = onlyIn("^yaml($|/)", "packages/policy/src/PolicyFile.ts and PolicyEdit.ts")
const policy = onlyIn("^@syncline/policy($|/)", "an application")
const barrel: Restriction = {
  regex: "^\\.{1,2}/(.*/)?index\\.ts$",
  message: "index.ts is the door for others; import the module itself."
}
const environment = onlyIn("^(node:)?process$", "nobody: process is a global, and its env belongs to HubConfig.ts;")
const everywhere = [encoding, sqlite, sockets, peers, watching, google, casl, yaml, environment, barrel]

const platform: Restriction = { regex: "^node:", message: "core runs in a browser too; go through a contract." }
const workspace: Restriction = { regex: "^@syncline/", message: "core imports no workspace package, not even itself." }
const effects: Restriction = { regex: "^(effect|@effect/[^/]+)($|/)", message: "This module is pure: no Effect here." }

const imports = (restrictions: ReadonlyArray<Restriction>) => ({
  "no-restricted-imports": ["error", { patterns: restrictions }] as const
})

// An override replaces a rule's settings, so each carries the whole list that holds in its place.
const override = (files: string, restrictions: ReadonlyArray<Restriction>) => ({
  files: [files],
  rules: imports(restrictions)
})

const core = "packages/core/src"
const inCore = [...everywhere, platform, workspace]

const layerOf = (folder: string): ReadonlyArray<Restriction> => {
  const below = layers.slice(layers.indexOf(folder) + 1)
  const layering: Restriction = {
    regex: `^(\\.\\./)+(${below.join("|")})/`,
    message: `${folder}/ imports only the folders above it (see layers in oxlint.config.ts).`
  }
  return below.length === 0 ? inCore : [...inCore, layering]
}

const without = (restrictions: ReadonlyArray<Restriction>, known: Restriction) =>
  restrictions.filter((restriction) => restriction !== known)

const layerOverrides = layers.map((folder) =>
  override(`${core}/${folder}/**`, pureFolders.includes(folder) ? [...layerOf(folder), effects] : layerOf(folder))
)
const pureFileOverrides = Object.entries(pureFiles).map(([folder, file]) =>
  override(`${core}/${folder}/${file}`, [...layerOf(folder), effects])
)

const clockAndChance =
  "Date performance setTimeout setInterval setImmediate queueMicrotask crypto process Buffer globalThis self"
    .split(" ")
    .map((name) => ({ name, message: "Time, chance and platform come from services." }))

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "node", "vitest"],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  categories: { correctness: "error" },
  rules: {
    ...imports(everywhere),
    eqeqeq: "error",
    "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    "no-var": "error",
    // Suites and steps that several tests share hold their own expectations.
    "vitest/no-standalone-expect": "off",
    "prefer-const": "error",
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    // A generator without a yield is how Effect.gen and Effect.fn read in small cases.
    "require-yield": "off"
  },
  overrides: [
    {
      files: ["**/src/**"],
      rules: {
        "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
        "node/no-process-env": "error"
      }
    },
    { files: ["apps/server/src/HubConfig.ts"], rules: { "node/no-process-env": "off" } },
    {
      files: [`${core}/**`],
      rules: {
        ...imports(inCore),
        "no-console": "error",
        "no-restricted-globals": ["error", ...clockAndChance],
        "no-restricted-properties": [
          "error",
          { object: "Math", property: "random", message: "Chance comes from the Crypto contract." }
        ]
      }
    },
    ...layerOverrides,
    ...pureFileOverrides,
    override(`${core}/model/MessagePack.ts`, without(layerOf("model"), encoding)),
    override("packages/node/src/**", [...without(everywhere, sqlite), policy]),
    override("packages/node/test/**", without(everywhere, sqlite)),
    override("packages/transport-socketio/**", without(everywhere, sockets)),
    override("packages/transport-libp2p/**", without(everywhere, peers)),
    override("packages/transport-fsfolder/src/FolderWatch.ts", without(everywhere, watching)),
    override("packages/transport-gdrive/**", without(everywhere, google)),
    override("packages/policy/src/PolicyCompiler.ts", without(everywhere, casl)),
    override("packages/policy/src/{PolicyFile,PolicyEdit}.ts", without(everywhere, yaml)),
    override("apps/admin/src/live/LiveLine.ts", without(everywhere, sockets)),
    override("bench/**", []),
    // The tools that read these files ask for a default export.
    { files: ["**/*.config.ts"], rules: { "import/no-default-export": "off" } }
  ]
})
