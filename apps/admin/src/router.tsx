/** Where each screen lies. Filters stand in the address, so that a link shows what its sender saw. Screens are loaded when they are first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect
} from "@tanstack/react-router"
import {
  among,
  anyText,
  flatObject,
  type Form,
  number,
  only,
  parseSearch,
  sorting,
  stringifySearch,
  time,
  timeOrStamp,
  yes
} from "./addressFilters.ts"
import { base } from "./api/ask.ts"
import type { Receipt } from "./api/quarantine.ts"
import { policyTabs, settingsTabs, teamTabs } from "./elements/tabLabels.ts"
import { queries } from "./queries.ts"
import { standings } from "./screens/peers/peerWords.ts"
import { reasonWords } from "./screens/quarantine/reasonWords.ts"
import { setupQuery, whoQuery } from "./session/who.ts"
import { NotThere } from "./shell/NotThere.tsx"
import { Broken } from "./shell/Broken.tsx"
import { Shell } from "./shell/Shell.tsx"

const root = createRootRoute({ component: Outlet, notFoundComponent: NotThere, errorComponent: Broken })

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./screens/first/SetupScreen.tsx"), "SetupScreen")
})
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: only({ next: anyText, link: anyText, refused: anyText }),
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

/** A screen that fails leaves the menu beside it. */
const screen = <const P extends string>(
  path: P,
  load: Load,
  name: string,
  forms: { readonly [filter: string]: Form } = {}
) =>
  createRoute({
    getParentRoute: () => inside,
    path,
    validateSearch: only(forms),
    component: lazyRouteComponent(load, name),
    errorComponent: Broken
  })

const receiptStatus: { readonly [S in Receipt["status"]]: true } = { accepted: true, rejected: true, deferred: true }

const screens = [
  screen("/", () => import("./screens/overview/OverviewScreen.tsx"), "OverviewScreen"),
  screen("/peers", () => import("./screens/peers/PeersScreen.tsx"), "PeersScreen", {
    state: among(standings),
    text: anyText,
    sort: sorting
  }),
  screen("/peers/$peer", () => import("./screens/peers/PeerScreen.tsx"), "PeerScreen"),
  screen("/pairing", () => import("./screens/pairing/PairingScreen.tsx"), "PairingScreen"),
  screen("/routes", () => import("./screens/routes/RoutesScreen.tsx"), "RoutesScreen"),
  screen("/live", () => import("./screens/live/LiveScreen.tsx"), "LiveScreen", {
    kind: anyText,
    peer: anyText,
    links: among({ map: true, table: true }),
    sort: sorting
  }),
  screen("/data", () => import("./screens/data/TypesScreen.tsx"), "TypesScreen", { sort: sorting }),
  screen("/data/$type", () => import("./screens/data/RecordsScreen.tsx"), "RecordsScreen", {
    where: flatObject,
    orderBy: anyText,
    isDescending: yes,
    at: timeOrStamp
  }),
  screen("/data/$type/$id", () => import("./screens/data/RecordScreen.tsx"), "RecordScreen", {
    header: flatObject,
    at: timeOrStamp
  }),
  screen("/conflicts", () => import("./screens/conflicts/ConflictsScreen.tsx"), "ConflictsScreen", {
    type: anyText,
    id: anyText,
    open: flatObject
  }),
  screen("/quarantine", () => import("./screens/quarantine/QuarantineScreen.tsx"), "QuarantineScreen", {
    reason: among(reasonWords),
    commit: anyText
  }),
  screen("/receipts", () => import("./screens/receipts/ReceiptsScreen.tsx"), "ReceiptsScreen", {
    status: among(receiptStatus),
    commit: anyText
  }),
  screen("/team", () => import("./screens/team/TeamScreen.tsx"), "TeamScreen", {
    tab: among(teamTabs),
    text: anyText,
    sort: sorting
  }),
  screen("/team/$member", () => import("./screens/team/MemberScreen.tsx"), "MemberScreen"),
  screen("/policy", () => import("./screens/policy/PolicyScreen.tsx"), "PolicyScreen", {
    tab: among(policyTabs),
    asker: anyText,
    action: anyText,
    type: anyText,
    id: anyText,
    left: anyText,
    right: anyText
  }),
  screen("/audit", () => import("./screens/audit/AuditScreen.tsx"), "AuditScreen", {
    denied: yes,
    action: anyText,
    peer: anyText,
    from: time,
    to: time,
    rule: anyText,
    text: anyText,
    entry: number
  }),
  screen("/accounts", () => import("./screens/accounts/AccountsScreen.tsx"), "AccountsScreen", {
    account: anyText,
    sort: sorting
  }),
  screen("/tokens", () => import("./screens/tokens/TokensScreen.tsx"), "TokensScreen"),
  screen("/you", () => import("./screens/you/YouScreen.tsx"), "YouScreen"),
  screen("/backups", () => import("./screens/backups/BackupsScreen.tsx"), "BackupsScreen", { restore: anyText }),
  screen("/settings", () => import("./screens/settings/SettingsScreen.tsx"), "SettingsScreen", {
    tab: among(settingsTabs)
  })
]

export const router = createRouter({
  routeTree: root.addChildren([setup, signIn, inside.addChildren(screens)]),
  basepath: base,
  parseSearch,
  stringifySearch,
  search: { strict: true },
  // What was typed or opened for one member, peer or record is not there for another.
  defaultRemountDeps: ({ params }) => params,
  defaultPreload: "intent",
  scrollRestoration: true
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}
