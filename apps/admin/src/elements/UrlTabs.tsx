/** Tabs of a screen, of which the open one stands in the address. */
import { Tabs } from "@mantine/core"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { type ComponentType, Suspense } from "react"
import { OnItsWay } from "./Loaded.tsx"

export interface UrlTab<P> {
  readonly value: string
  readonly label: string
  /** It may be one that is loaded when it is first shown. */
  readonly Tab: ComponentType<P>
}

interface Props<P> {
  /** The first is shown where the address says nothing. */
  readonly tabs: ReadonlyArray<UrlTab<P>>
  /** What every tab is given. */
  readonly given: P
}

export const UrlTabs = <P extends object>({ given, tabs }: Props<P>) => {
  const search = useSearch({ strict: false }) as { readonly tab?: string }
  const navigate = useNavigate()
  const open = search.tab ?? tabs[0]!.value
  return (
    <Tabs
      value={open}
      onChange={(tab) => void navigate({ to: ".", search: { ...search, tab: tab ?? undefined } })}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        {tabs.map(({ label, value }) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ Tab, value }) => (
        <Tabs.Panel key={value} value={value}>
          <Suspense fallback={<OnItsWay />}>
            <Tab {...given} />
          </Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
