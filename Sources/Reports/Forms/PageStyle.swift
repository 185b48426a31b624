/// How the HTML form looks: on a page, on a phone, on paper, by day and by night.
enum PageStyle {
    static let css = """
        :root { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --inset: #f6f8fa; --link: #0969da; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --inset: #151b23; --link: #4493f8; }
        }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 \(Drawing.fonts); }
        main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .75rem; overflow-wrap: anywhere; }
        h2 { display: inline; font-size: 1.35rem; }
        nav { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: 0 0 1.25rem; font-size: .92rem; }
        section { position: relative; scroll-margin-top: 1rem; }
        details > summary { cursor: pointer; margin: 2.25rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
        details.more > summary { margin: .5rem 0 .75rem; border: 0; color: var(--link); }
        p { max-width: 46rem; overflow-wrap: anywhere; }
        a { color: var(--link); }
        blockquote { margin: 0 0 1rem; padding: .1rem 1rem; border-left: .25rem solid var(--line); color: var(--faint); font-size: 1.1rem; overflow-wrap: anywhere; }
        code { font: .86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--inset); padding: .12em .3em; border-radius: 4px; overflow-wrap: anywhere; }
        pre { background: var(--inset); padding: .75rem 1rem; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
        pre code { background: none; padding: 0; }
        pre.command { margin: 0 0 .75rem; padding: .2rem .6rem; width: fit-content; max-width: 100%; box-sizing: border-box; font-size: .85rem; color: var(--faint); }
        .wide { overflow-x: auto; margin: 1rem 0; }
        table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .3rem .55rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
        th { border-bottom-width: 2px; vertical-align: bottom; }
        td { overflow-wrap: anywhere; }
        th code { white-space: nowrap; }
        td:not(.number) { min-width: 5rem; max-width: 30rem; }
        .number { text-align: right; white-space: nowrap; }
        figure { margin: 1.5rem 0; }
        figure svg, figure img { display: block; max-width: 100%; height: auto; }
        figcaption { color: var(--faint); font-size: .9rem; max-width: 46rem; margin-top: .4rem; overflow-wrap: anywhere; }
        .phone { display: none; }
        #definitions { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--faint); font-size: .9rem; }
        @media screen and (min-width: 900px) {
          section > details > pre.command { position: absolute; top: .1rem; right: 0; max-width: 60%; }
        }
        @media screen and (max-width: 719px) {
          main { padding: 1rem 15px 3rem; }
          h1 { font-size: 1.6rem; }
          .page { display: none; }
          .phone { display: block; }
        }
        @media print {
          @page { margin: 14mm; }
          :root { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --inset: #f6f8fa; }
          body { font-size: 10pt; }
          main { max-width: none; padding: 0; }
          nav, details.more:not([open]) > summary { display: none; }
          .wide { overflow: visible; }
          table { font-size: 7.5pt; }
          th, td { padding: .15rem .3rem; }
          table.many { font-size: 6.2pt; }
          td:not(.number) { min-width: 0; }
          pre.command, figure, tr, blockquote { break-inside: avoid; }
          summary, pre.command { break-after: avoid; }
          thead { display: table-header-group; }
        }
        """
}
