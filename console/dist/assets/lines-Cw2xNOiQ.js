var e=e=>e.split(`
`).map(e=>e.trim()).filter(Boolean);function t(t,n=()=>``){return Object.fromEntries(e(t).map(e=>{let[t=``,...r]=e.split(`=`);return[t.trim(),r.length>0?r.join(`=`).trim():n(t.trim())]}))}var n=e=>Object.entries(e).map(([e,t])=>`${e} = ${t}`).join(`
`);export{t as n,n as r,e as t};