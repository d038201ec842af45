/** Where each screen lies. Filters stand in the address, so that a link shows what its sender saw. Screens are loaded when they are first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect
} from "@tanstack/react-router"
import { base } from "./api/ask.ts"
import { queries } from "./queries.ts"
import { setupQuery, whoQuery } from "./session/who.ts"
import { NotThere } from "./shell/NotThere.tsx"
import { Broken } from "./shell/Broken.tsx"
import { Shell } from "./shell/Shell.tsx"

/** What an address may say; anything else in it is left out. */
export interface Filters {
  readonly [name: string]: string | undefined
}

/** Texts by these names, no longer than a filter ever is. */
const only =
  (...names: ReadonlyArray<string>) =>
  (given: Record<string, unknown>): Filters =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = given[name]
        // The router reads numbers and truths from an address by itself.
        const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean"
        return isPlain && value !== "" ? [[name, `${value}`.slice(0, 1_000)]] : []
      })
    )

const root = createRootRoute({ component: Outlet, notFoundComponent: NotThere, errorComponent: Broken })

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./screens/first/SetupScreen.tsx"), "SetupScreen")
})
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: only("next", "link", "refused"),
  component: lazyRouteComponent(() => import("./screens/first/SignInScreen.tsx"), "SignInScreen")
})

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: async ({ location }) => {
    if ((await queries.ensureQueryData(whoQuery)) !== null) return
    const { isNeeded } = await queries.fetchQuery(setupQuery)
    throw isNeeded ? redirect({ to: "/setup" }) : redirect({ to: "/sign-in", search: { next: location.href } })
  }
})

type Load = Parameters<typeof lazyRouteComponent>[0]

const screen = <const P extends string>(path: P, load: Load, name: string, ...filters: ReadonlyArray<string>) =>
  createRoute({
    getParentRoute: () => inside,
    path,
    validateSearch: only(...filters),
    component: lazyRouteComponent(load, name)
  })

const screens = [
  screen("/", () => import("./screens/overview/OverviewScreen.tsx"), "OverviewScreen"),
  screen("/peers", () => import("./screens/peers/PeersScreen.tsx"), "PeersScreen", "state", "text"),
  screen("/peers/$peer", () => import("./screens/peers/PeerScreen.tsx"), "PeerScreen"),
  screen("/pairing", () => import("./screens/pairing/PairingScreen.tsx"), "PairingScreen"),
  screen("/routes", () => import("./screens/routes/RoutesScreen.tsx"), "RoutesScreen"),
  screen("/live", () => import("./screens/live/LiveScreen.tsx"), "LiveScreen", "kind", "peer"),
  screen("/data", () => import("./screens/data/TypesScreen.tsx"), "TypesScreen"),
  screen(
    "/data/$type",
    () => import("./screens/data/RecordsScreen.tsx"),
    "RecordsScreen",
    "where",
    "orderBy",
    "isDescending",
    "at"
  ),
  screen("/data/$type/$id", () => import("./screens/data/RecordScreen.tsx"), "RecordScreen", "header", "at"),
  screen("/conflicts", () => import("./screens/conflicts/ConflictsScreen.tsx"), "ConflictsScreen", "type", "id"),
  screen(
    "/quarantine",
    () => import("./screens/quarantine/QuarantineScreen.tsx"),
    "QuarantineScreen",
    "reason",
    "commit"
  ),
  screen("/receipts", () => import("./screens/receipts/ReceiptsScreen.tsx"), "ReceiptsScreen", "status", "commit"),
  screen("/team", () => import("./screens/team/TeamScreen.tsx"), "TeamScreen", "tab", "text"),
  screen("/team/$member", () => import("./screens/team/MemberScreen.tsx"), "MemberScreen"),
  screen(
    "/policy",
    () => import("./screens/policy/PolicyScreen.tsx"),
    "PolicyScreen",
    "tab",
    "asker",
    "action",
    "type",
    "id"
  ),
  screen(
    "/audit",
    () => import("./screens/audit/AuditScreen.tsx"),
    "AuditScreen",
    "denied",
    "action",
    "peer",
    "from",
    "to",
    "rule",
    "text"
  ),
  screen("/accounts", () => import("./screens/accounts/AccountsScreen.tsx"), "AccountsScreen", "account"),
  screen("/tokens", () => import("./screens/tokens/TokensScreen.tsx"), "TokensScreen"),
  screen("/you", () => import("./screens/you/YouScreen.tsx"), "YouScreen"),
  screen("/backups", () => import("./screens/backups/BackupsScreen.tsx"), "BackupsScreen"),
  screen("/settings", () => import("./screens/settings/SettingsScreen.tsx"), "SettingsScreen", "tab")
]

export const router = createRouter({
  routeTree: root.addChildren([setup, signIn, inside.addChildren(screens)]),
  basepath: base,
  defaultPreload: "intent",
  scrollRestoration: true
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}
