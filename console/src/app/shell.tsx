import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { lazy, Suspense, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";
import { useText, type Text } from "../text";
import { useFrame } from "./layout";
import { useNotices } from "./notices";
import { pages } from "./pages";
import { TopBar } from "./top-bar";

const content = <Outlet />;

// Most visits have nothing to tell.
const Flashbar = lazy(() => import("@cloudscape-design/components/flashbar"));

const sections = ["prioritize", "inventory", "manage"] as const;

function navigation(text: Text): SideNavigationProps.Item[] {
  return sections.flatMap((section) => {
    const items = pages.flatMap((p) =>
      p.nav?.section === section ? [{ type: "link" as const, text: p.nav.label(text), href: p.path }] : [],
    );
    return items.length === 0 ? [] : [{ type: "section-group" as const, title: text.nav[section], items }];
  });
}

/** The frame of all pages: top bar, navigation, notices, split panel. */
export function Shell() {
  const text = useText();
  const frame = useFrame();
  const notices = useNotices();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [navigationOpen, setNavigationOpen] = useState(innerWidth >= 1100);
  const [splitSize, setSplitSize] = useState<number>();
  const active = pages.find((p) => p.nav && (p.path === "/" ? pathname === "/" : pathname.startsWith(p.path)))?.path;
  const follow = (event: CustomEvent<{ href?: string; external?: boolean }>) => {
    if (event.detail.href?.startsWith("/") && !event.detail.external) {
      event.preventDefault();
      void navigate(event.detail.href);
    }
  };

  return (
    <>
      <TopBar />
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigationWidth={220}
        navigationOpen={navigationOpen}
        onNavigationChange={(e) => setNavigationOpen(e.detail.open)}
        navigation={<SideNavigation items={navigation(text)} activeHref={active ?? ""} onFollow={follow} />}
        breadcrumbs={<BreadcrumbGroup items={frame.breadcrumbs} onFollow={follow} ariaLabel={text.nav.breadcrumbs} />}
        notifications={
          notices.items.length > 0 && (
            <Suspense>
              <Flashbar items={notices.items} stackItems />
            </Suspense>
          )
        }
        content={content}
        contentType={frame.contentType ?? "default"}
        splitPanel={frame.splitPanel}
        splitPanelOpen={frame.splitPanelOpen ?? false}
        onSplitPanelToggle={(e) => frame.onSplitPanelToggle?.(e.detail.open)}
        {...(splitSize === undefined ? {} : { splitPanelSize: splitSize })}
        onSplitPanelResize={(e) => setSplitSize(e.detail.size)}
        ariaLabels={{
          navigation: text.nav.label,
          navigationToggle: text.nav.open,
          navigationClose: text.nav.close,
          notifications: text.nav.notices,
        }}
      />
    </>
  );
}
