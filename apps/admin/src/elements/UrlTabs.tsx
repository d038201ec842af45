/** Tabs of a screen, of which the open one stands in the address. */
import { Tabs } from "@mantine/core"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type ComponentType, Suspense } from "react"
import { OnItsWay } from "./Loaded.tsx"

interface Props<P, N extends string> {
  /** In their order; the first is shown where the address names none. */
  readonly labels: { readonly [T in N]: string }
  /** Any may be one that is loaded when it is first shown. */
  readonly tabs: { readonly [T in N]: ComponentType<P> }
  /** What every tab is given. */
  readonly given: P
}

export const UrlTabs = <P extends object, N extends string>({ given, labels, tabs }: Props<P, N>) => {
  const search = useSearch({ strict: false }) as { readonly tab?: string }
  const navigate = useNavigate()
  const names = Object.keys(labels) as Array<N>
  const open = names.find((name) => name === search.tab) ?? names[0]!
  return (
    <Tabs
      value={open}
      onChange={(tab) => void navigate({ to: ".", search: { ...search, sort: undefined, tab: tab ?? undefined } })}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        {names.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {labels[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {names.map((name) => {
        const Tab: ComponentType<P> = tabs[name]
        return (
          <Tabs.Panel key={name} value={name}>
            <Suspense fallback={<OnItsWay />}>
              <Tab {...given} />
            </Suspense>
          </Tabs.Panel>
        )
      })}
    </Tabs>
  )
}
